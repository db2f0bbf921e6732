import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createBreaker } from '#src/connectors/breaker.ts';
import { createConnectors } from '#src/connectors/index.ts';
import { type Simulators, startSimulators } from '#src/connectors/simulators/index.ts';
import { isoOfJalali } from '#src/identity/birth-date.ts';
import { parseMobile } from '#src/identity/mobile.ts';
import { parseNationalCode } from '#src/identity/national-code.ts';
import type { Connectors, Identifier } from '#src/identity/ports.ts';
import { DEFAULT_LIMITS } from '#src/limits.ts';

let simulators: Simulators;
const noted: string[] = [];
const connect = (url: string, more = {}): Connectors =>
  createConnectors(
    {
      uid: { url: `${url}/uid`, businessId: 'id', businessToken: 'canary-token', foreignOwnershipKey: 'document' },
      kavenegar: { url: `${url}/kavenegar`, key: 'canary-key', ...more },
    },
    { now: Date.now, limits: { ...DEFAULT_LIMITS, connectorTimeout: 1 }, note: (event, fields) => void noted.push(`${event} ${JSON.stringify(fields)}`) },
  );
before(async () => {
  simulators = await startSimulators({ port: 0, host: '127.0.0.1', now: Date.now, slowMs: 1_500 });
});
after(() => simulators.close());

const identifierOf = (story: string, code: string): Identifier => ({ kind: story === 'foreign' ? 'foreign' : 'national', value: code });
const e164 = (mobile: string): string => `+98${mobile.slice(1)}`;

test('people.json: every story is there, codes and dates are valid, codes and mobiles unique', async () => {
  const people = (await (await fetch(`${simulators.url}/people.json`)).json()) as Record<string, string>[];
  assert.ok(people.length >= 55 && people.length <= 70);
  assert.deepEqual(new Set(people.map(({ story }) => story)), new Set(['ok', 'not-owner', 'certificate-zero', 'deceased', 'needs-office', 'foreign']));
  for (const person of people) {
    if (person['story'] === 'foreign') assert.match(person['national_code'] ?? '', /^\d{12}$/);
    else assert.ok(parseNationalCode(person['national_code'] ?? '').ok);
    assert.ok(parseMobile(person['mobile'] ?? '').ok);
    assert.ok(isoOfJalali(person['birth_date'] ?? ''));
    for (const field of ['first_name', 'last_name', 'father_name']) assert.ok(person[field]);
  }
  for (const field of ['national_code', 'mobile']) assert.equal(new Set(people.map((person) => person[field])).size, people.length);
});

const STORIES: readonly [string, ownership: string, registry: string][] = [
  ['ok', 'match', 'match'],
  ['not-owner', 'mismatch', 'match'],
  ['certificate-zero', 'match', 'match'],
  ['deceased', 'match', 'deceased'],
  ['needs-office', 'match', 'needs-office'],
  ['foreign', 'match', 'match'],
];
for (const [story, ownership, registry] of STORIES) {
  test(`the story "${story}" over the socket: ownership ${ownership}, registry ${registry}`, async () => {
    const connectors = connect(simulators.url);
    for (const person of simulators.world.people.filter((one) => one.story === story)) {
      const identifier = identifierOf(story, person.code);
      assert.equal(
        (
          await connectors.ownership.match({
            identifier,
            mobile: e164(person.mobile),
            ...(person.documentNumber ? { documentNumber: person.documentNumber } : {}),
          })
        ).outcome,
        ownership,
      );
      const answer = await connectors.registry.look({ identifier, birthDate: isoOfJalali(person.birthDate) ?? '' });
      assert.equal(answer.outcome, registry);
      if (answer.outcome === 'match') assert.equal(answer.record.birthDate, isoOfJalali(person.birthDate));
    }
  });
}

test('a person of another birth date, or of nobody’s code, is not found', async () => {
  const connectors = connect(simulators.url);
  const [person] = simulators.world.people;
  assert.equal((await connectors.registry.look({ identifier: { kind: 'national', value: person?.code ?? '' }, birthDate: '1950-01-01' })).outcome, 'not-found');
  assert.equal((await connectors.registry.look({ identifier: { kind: 'national', value: '0084575948' }, birthDate: '1950-01-01' })).outcome, 'not-found');
});

test('down, closed and too slow are all unavailable; slow within the limit is not', async () => {
  const [person] = simulators.world.people;
  const question = { identifier: { kind: 'national', value: person?.code ?? '' } as Identifier, birthDate: isoOfJalali(person?.birthDate ?? '') ?? '' };
  for (const state of ['down', 'night', 'slow'] as const) {
    await fetch(`${simulators.url}/registry`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ registry: state }) });
    assert.equal((await connect(simulators.url).registry.look(question)).outcome, 'unavailable', state);
  }
  await fetch(`${simulators.url}/registry`, { method: 'POST', body: new URLSearchParams({ registry: 'normal' }), redirect: 'manual' });
  assert.equal((await connect(simulators.url).registry.look(question)).outcome, 'match');
});

test('an SMS arrives once for one id, by text or by template, and the inbox finds it by any form of the number', async () => {
  const { sms } = connect(simulators.url);
  for (let tries = 0; tries < 3; tries += 1) assert.equal((await sms.send({ to: '+989120000001', text: 'متن', id: 'same' })).outcome, 'sent');
  for (const to of ['09120000001', '+989120000001', '%2B989120000001', '9120000001']) {
    const inbox = (await (await fetch(`${simulators.url}/sms.json?to=${to}`)).json()) as { to: string; text: string; at: string }[];
    assert.deepEqual(
      inbox.map(({ to: number, text }) => [number, text]),
      [['09120000001', 'متن']],
      to,
    );
  }
  await sms.send({ to: '+989120000001', text: 'دوم', id: 'second' });
  const [newest] = (await (await fetch(`${simulators.url}/sms.json?to=09120000001`)).json()) as { text: string; at: string }[];
  assert.equal(newest?.text, 'دوم');
  assert.ok(!Number.isNaN(Date.parse(newest?.at ?? '')));
  await connect(simulators.url, { template: 'code' }).sms.send({ to: '+989120000002', text: 'x', id: 'c', code: '123456' });
  assert.match(await (await fetch(`${simulators.url}/sms.json?to=09120000002`)).text(), /code: 123456/);
  assert.equal((await sms.send({ to: '+98123', text: 'x', id: 'bad' })).outcome, 'bad-number');
});

test('the simulators’ pages are there', async () => {
  for (const path of ['/', '/sms', '/people', '/people?story=foreign', '/registry']) {
    const page = await fetch(simulators.url + path);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /ساختگی/);
  }
  assert.equal((await fetch(`${simulators.url}/nowhere`)).status, 404);
});

/** A server that answers everything alike. */
async function answering(listener: RequestListener): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
const json =
  (value: unknown, status = 200): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
const uid = (code: number, body: object = {}) => json({ ...body, responseContext: { status: { code, message: '' } } });

const REPLIES: readonly [string, RequestListener, ownership: string, registry: string, sms: string][] = [
  ['not JSON', (_request, response) => void response.end('<html>'), 'unavailable', 'unavailable', 'retry'],
  ['truncated JSON', (_request, response) => void response.end('{"isMatched":tr'), 'unavailable', 'unavailable', 'retry'],
  ['an empty object', json({}), 'unavailable', 'unavailable', 'retry'],
  ['a server error', json({}, 500), 'unavailable', 'unavailable', 'retry'],
  ['forbidden', json({}, 403), 'unavailable', 'unavailable', 'retry'],
  ['an unknown status', uid(99, { isMatched: true }), 'unavailable', 'unavailable', 'retry'],
  ['matched', uid(0, { isMatched: true }), 'match', 'unavailable', 'retry'],
  ['not matched', uid(0, { isMatched: false }), 'mismatch', 'unavailable', 'retry'],
  ['invalid input', uid(3), 'invalid-input', 'invalid-input', 'retry'],
  ['too large', (_request, response) => void response.end(`"${'x'.repeat(100_000)}"`), 'unavailable', 'unavailable', 'retry'],
  ['never', () => {}, 'unavailable', 'unavailable', 'retry'],
  ['a slow drip', (_request, response) => void setInterval(() => response.write(' '), 100).unref(), 'unavailable', 'unavailable', 'retry'],
  ['no credit for SMS', json({ return: { status: 418 }, entries: null }, 418), 'unavailable', 'unavailable', 'operator'],
  ['SMS gateway busy', json({ return: { status: 409 }, entries: null }, 409), 'unavailable', 'unavailable', 'retry'],
  ['SMS accepted', json({ return: { status: 200 }, entries: [{ messageid: 1 }] }), 'unavailable', 'unavailable', 'sent'],
];
for (const [name, listener, ownership, registry, sms] of REPLIES) {
  test(`a reply that is ${name}: ${ownership}, ${registry}, ${sms}`, async () => {
    const server = await answering(listener);
    const connectors = connect(server.url);
    const identifier = { kind: 'national', value: '0084575948' } as const;
    const answers = await Promise.all([
      connectors.ownership.match({ identifier, mobile: '+989121234567' }),
      connectors.registry.look({ identifier, birthDate: '1991-10-04' }),
      connectors.sms.send({ to: '+989121234567', text: 'x', id: 'y' }),
    ]);
    assert.deepEqual(
      answers.map(({ outcome }) => outcome),
      [ownership, registry, sms],
    );
    await server.close();
  });
}

test('nobody there is unavailable, never a throw', async () => {
  const connectors = connect('http://127.0.0.1:1');
  assert.equal((await connectors.ownership.match({ identifier: { kind: 'national', value: '1' }, mobile: '+98' })).outcome, 'unavailable');
});

test('after five failures in a row a system rests; then one call tries it', async () => {
  let now = 0;
  const breaker = createBreaker({ failures: 5, restSeconds: 30, now: () => now });
  for (let failures = 0; failures < 5; failures += 1) {
    assert.equal(breaker.allows(), true);
    breaker.failed();
  }
  assert.equal(breaker.allows(), false);
  now = 30_000;
  assert.deepEqual([breaker.allows(), breaker.allows()], [true, false]);
  breaker.succeeded();
  assert.deepEqual([breaker.allows(), breaker.allows()], [true, true]);
});

test('nothing of the person, and no key, is ever noted', () => {
  const log = noted.join('\n');
  assert.ok(noted.length > 50);
  for (const secret of ['canary', ...simulators.world.people.flatMap(({ code, mobile, lastName }) => [code, mobile, lastName])])
    assert.ok(!log.includes(secret));
});
