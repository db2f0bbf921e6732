import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { LegacyUse } from '#src/identity/ports.ts';
import { legacyReport, reportText } from '#src/legacy/report.ts';
import { createUseCount, dayOf } from '#src/legacy/uses.ts';
import { AUDIENCES, oldClient } from '../support/old-client.ts';
import { signedUp } from '../support/signed-up.ts';
import { start } from '../support/start.ts';

const s = await start();
const { browser } = await signedUp(s);
after(() => s.close());

const rowsOf = async (client: string) => {
  await s.app.drained();
  return (await legacyReport(s.stores.durable.legacy, Date.now())).filter((row) => row.client === client);
};

test('the report names who used what, how often and until when, and what nobody used', async () => {
  const old = await oldClient(s, { until: '2098-12-28', forms: ['paths', 'no-scope', 'audience', 'expires-in', 'implicit'] });
  const { code, verifier } = await old.code(browser);
  await old.redeem('/auth/server/v2/token', code, verifier, { audience: AUDIENCES[0] ?? '' });
  await old.redeem('/auth/server/v2/token', code, verifier, { audience: 'https://elsewhere.test' });
  const rows = await rowsOf(old.id);
  assert.deepEqual(
    rows.map(({ form, usesIn30Days, until, lastUse }) => [form, usesIn30Days, until, lastUse !== undefined]),
    [
      ['audience', 1, '2098-12-28', true],
      ['expires-in', 1, '2098-12-28', true],
      ['implicit', 0, '2098-12-28', false],
      ['no-scope', 1, '2098-12-28', true],
      ['paths', 2, '2098-12-28', true],
    ],
  );
  const text = reportText(rows);
  assert.match(text, /^client\s+form\s+last use\s+uses in 30 days\s+until\n/);
  assert.match(text, new RegExp(`${old.id} +implicit +never +0 +2098-12-28`));
  assert.match(text, new RegExp(`${old.id} +paths +${dayOf(Date.now())} +2 `));
});

test('uses older than thirty days count no more, but the last one is still told; a client without terms is closed', async () => {
  const at = Date.now();
  const use = (days: number): LegacyUse => ({ clientId: 'gone', form: 'paths', day: dayOf(at - days * 86_400_000), count: 3, lastAt: at - days * 86_400_000 });
  await s.stores.durable.legacy.add([use(29), use(30), use(90)]);
  assert.deepEqual(await rowsOf('gone'), [{ client: 'gone', form: 'paths', usesIn30Days: 3, lastUse: at - 29 * 86_400_000 }]);
  assert.match(reportText(await rowsOf('gone')), /closed$/);
  assert.equal(reportText([]), 'no client may use the old interface');
});

test('counts of one day add up in the store, from several processes', async () => {
  const entry = { clientId: 'adds', form: 'paths', day: dayOf(Date.now()), count: 2, lastAt: 5_000_000_000_000 };
  await Promise.all(Array.from({ length: 10 }, (_, index) => s.stores.durable.legacy.add([{ ...entry, lastAt: entry.lastAt - index }])));
  assert.deepEqual(await rowsOf('adds'), [{ client: 'adds', form: 'paths', usesIn30Days: 20, lastUse: 5_000_000_000_000 }]);
});

test('a hundred uses are one write, after the answers; what could not be written is written the next time', async () => {
  const writes: (readonly LegacyUse[])[] = [];
  let broken = true;
  const store = {
    ...s.stores.durable.legacy,
    async add(uses: readonly LegacyUse[]) {
      if (broken) throw new Error('away');
      writes.push(uses);
    },
  };
  const failures: unknown[] = [];
  const uses = createUseCount({ store, now: () => 0, onError: (error) => failures.push(error) });
  for (let index = 0; index < 100; index += 1) uses.add('c', ['paths', 'no-scope']);
  assert.deepEqual(writes, [], 'nothing is written while answers are under way');
  await uses.flush();
  assert.equal(failures.length, 1);
  broken = false;
  await uses.flush();
  assert.deepEqual(writes, [
    [
      { clientId: 'c', form: 'paths', day: '1970-01-01', count: 100, lastAt: 0 },
      { clientId: 'c', form: 'no-scope', day: '1970-01-01', count: 100, lastAt: 0 },
    ],
  ]);
});

test('an old token request costs no statement more than a standard one', async () => {
  const old = await oldClient(s, {});
  const cost = async (path: string): Promise<number> => {
    // What is remembered of the client is over; the authorization request asks anew, so the token request does not.
    await s.pass(3);
    const { code, verifier } = await old.code(browser);
    await s.app.drained();
    const before = s.stores.durable.roundTrips();
    assert.equal((await old.redeem(path, code, verifier)).status, 200);
    return s.stores.durable.roundTrips() - before;
  };
  await cost('/token');
  const standard = await cost('/token');
  assert.equal(await cost('/auth/server/token'), standard);
});
