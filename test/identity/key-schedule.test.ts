import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeOf, type Occasion, type Phase, phaseOf, successorDue } from '#src/identity/key-schedule.ts';
import type { KeyMoments } from '#src/identity/ports.ts';
import { loadLimits } from '#src/limits.ts';

const SECOND = 1000;
/** Signs for 1000 s, is published 100 s before, stays 50 s after; everybody knows after 20 s. */
const limits = { keyRotation: 1000, keyPublishLead: 100, keyRetention: 50, keyReread: 10 };
const key = (kid: string, signsFrom: number, ends: { signsUntil?: number; goneAt?: number } = {}, algorithm = 'ES256'): KeyMoments => ({
  kid,
  algorithm,
  createdAt: signsFrom - 1,
  signsFrom,
  ...ends,
});

test('the phase of a key follows from its moments', () => {
  const ends = { signsUntil: 200, goneAt: 300 };
  const table: readonly (readonly [KeyMoments, number, Phase])[] = [
    [key('a', 100, ends), 0, 'next'],
    [key('a', 100, ends), 99, 'next'],
    [key('a', 100, ends), 100, 'current'],
    [key('a', 100, ends), 199, 'current'],
    [key('a', 100, ends), 200, 'retired'],
    [key('a', 100, ends), 299, 'retired'],
    [key('a', 100, ends), 300, 'gone'],
    [key('a', 100), 1e15, 'current'],
    [key('a', 100, { goneAt: 50 }), 60, 'gone'],
    [key('a', 100, { signsUntil: 150, goneAt: 150 }), 150, 'gone'],
  ];
  for (const [moments, now, phase] of table) assert.equal(phaseOf(moments, now), phase, `${JSON.stringify(moments)} at ${now}`);
});

test('a successor is due when there is no key, a lead before the end, when an operator asks, and after a compromise always', () => {
  const one = [key('a', 0)];
  const two = [key('a', 0, { signsUntil: 1000 * SECOND, goneAt: 1050 * SECOND }), key('b', 1000 * SECOND)];
  const table: readonly (readonly [readonly KeyMoments[], number, Occasion, number | undefined])[] = [
    [[], 7, 'schedule', 7],
    [[], 7, 'planned', 7],
    [[], 7, 'compromise', 7],
    [[key('a', 0, {}, 'RS256')], 7, 'schedule', 7],
    [one, 899 * SECOND, 'schedule', undefined],
    [one, 900 * SECOND, 'schedule', 1000 * SECOND],
    // Nobody was there to make it in time: it is published as long as any other.
    [one, 5000 * SECOND, 'schedule', 5100 * SECOND],
    [two, 950 * SECOND, 'schedule', undefined],
    [two, 1001 * SECOND, 'schedule', undefined],
    [one, 5 * SECOND, 'planned', 105 * SECOND],
    [two, 950 * SECOND, 'planned', undefined],
    [one, 5 * SECOND, 'compromise', 25 * SECOND],
    [two, 950 * SECOND, 'compromise', 970 * SECOND],
  ];
  for (const [keys, now, occasion, due] of table) assert.equal(successorDue(keys, 'ES256', now, limits, occasion), due, `${keys.length} ${now} ${occasion}`);
});

test('a successor ends its predecessor, and a compromise ends every older key', () => {
  const made = [{ kid: 'new', algorithm: 'ES256', sealed: 's' }];
  const keys = [
    key('gone', 0, { signsUntil: 1, goneAt: 2 }),
    key('retired', 0, { signsUntil: 100 * SECOND, goneAt: 9000 * SECOND }),
    key('current', 100 * SECOND),
    key('other', 100 * SECOND, {}, 'RS256'),
  ];
  const now = 1000 * SECOND;
  const planned = changeOf(keys, made, now, limits, 'planned');
  assert.deepEqual(planned.add, [{ ...made[0], createdAt: now, signsFrom: 1100 * SECOND }]);
  assert.deepEqual(planned.move, [{ ...keys[2], signsUntil: 1100 * SECOND, goneAt: 1150 * SECOND }]);
  assert.deepEqual(planned.remove, ['gone']);
  const waiting = [...keys, key('next', 1100 * SECOND)];
  const moved = changeOf(waiting, made, now, limits, 'compromise').move.map(({ kid, signsUntil, goneAt }) => [kid, signsUntil, goneAt]);
  assert.deepEqual(moved, [
    ['retired', 100 * SECOND, now],
    ['current', 1020 * SECOND, 1020 * SECOND],
    ['next', undefined, now],
  ]);
  assert.deepEqual(changeOf(waiting, made, now, limits, 'schedule').add, [], 'another process was faster');
});

test('limits under which a token could meet a key set without its key are refused', () => {
  assert.deepEqual(loadLimits({}).problems, []);
  const table = {
    LIMIT_KEY_REREAD: '61',
    LIMIT_KEY_PUBLISH_LEAD: '3659',
    LIMIT_KEY_RETENTION: '959',
    LIMIT_KEY_ROTATION: '86400',
  };
  for (const [name, value] of Object.entries(table)) assert.match(loadLimits({ [name]: value }).problems.join(), new RegExp(`^${name}: [^,]*$`), name);
});
