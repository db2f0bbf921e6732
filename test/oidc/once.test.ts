import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Adapter } from 'oidc-provider';
import { createAdapter } from '#src/oidc/adapter.ts';
import { createReadAhead } from '#src/oidc/read-ahead.ts';
import { REAL, type Started, start } from '../support/start.ts';

/** What is accepted once, taken by twenty at the same moment, five hundred times: one winner each (RFC 9700 §4.14.2, RFC 9126 §7.3, RFC 7523 §3). */
const ROUNDS = 500;
const TOGETHER = 20;
const stores = `${REAL.redisUrl ? 'Redis' : 'memory'} and ${REAL.databaseUrl ? 'PostgreSQL' : 'PGlite'}`;

let s: Started;
before(async () => {
  s = await start();
});
after(() => s.close());

const adapters = (request: object) => {
  const { ephemeral, durable } = s.stores;
  const readAhead = createReadAhead({ records: durable.records, now: Date.now, request: () => request });
  return createAdapter({ ephemeral, records: durable.records, clients: durable.clients, readAhead, codeLifetime: 600, now: Date.now });
};
const adapterOf = (name: string): Adapter => adapters({})(name) as Adapter;

/** Runs the rounds; each names what `redeem` gives one caller. Returns the winners of each round. */
async function rounds(redeem: (id: string) => Promise<() => Promise<boolean>>): Promise<number[]> {
  const winners: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const attempt = await redeem(randomUUID());
    const results = await Promise.all(Array.from({ length: TOGETHER }, attempt));
    winners.push(results.filter(Boolean).length);
  }
  return winners;
}

const won = (work: Promise<unknown>, refusal: string): Promise<boolean> =>
  work.then(
    () => true,
    (error: { error?: string }) => {
      assert.equal(error.error, refusal);
      return false;
    },
  );

const ONE_EACH = Array.from({ length: ROUNDS }, () => 1);

for (const [kind, refusal] of [
  ['AuthorizationCode', 'invalid_grant'],
  ['DeviceCode', 'invalid_grant'],
  ['PushedAuthorizationRequest', 'invalid_request_uri'],
] as const) {
  test(`${kind}: one of twenty, five hundred times, on ${stores}`, async () => {
    const adapter = adapterOf(kind);
    const winners = await rounds(async (id) => {
      await adapter.upsert(id, { grantId: id, accountId: 'somebody' }, 60);
      return () => won(Promise.resolve(adapter.consume(id)), refusal);
    });
    assert.deepEqual(winners, ONE_EACH);
  });
}

test(`a refresh token: one of twenty, five hundred times, on ${stores}, and the family ends`, async () => {
  const { records } = s.stores.durable;
  const families: string[] = [];
  const winners = await rounds(async (id) => {
    families.push(id);
    await adapterOf('RefreshToken').upsert(id, { grantId: id, accountId: 'somebody', clientId: 'c' }, 60);
    return async () => {
      const own = adapters({})('RefreshToken') as Adapter;
      await own.consume(id);
      return won(Promise.resolve(own.upsert(randomUUID(), { grantId: id, accountId: 'somebody', clientId: 'c' }, 60)), 'invalid_grant');
    };
  });
  assert.deepEqual(winners, ONE_EACH);
  const left = await Promise.all(families.map((id) => records.find('RefreshToken', id, Date.now())));
  assert.equal(left.filter(Boolean).length, 0, 'the losers ended what the winner got');
});

test(`the jti of a proof or assertion: one of twenty, five hundred times, on ${stores}`, async () => {
  const { ReplayDetection } = s.app.koa as unknown as { ReplayDetection: { unique(issuer: string, jti: string, expires: number): Promise<boolean> } };
  const expires = Math.floor(Date.now() / 1000) + 60;
  assert.deepEqual(await rounds(async (id) => () => ReplayDetection.unique('client', id, expires)), ONE_EACH);
});
