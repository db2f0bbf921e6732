import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeProtectedHeader, type JWK } from 'jose';
import { DEFAULT_LIMITS } from '#src/limits.ts';
import { ALGORITHMS } from '#src/oidc/key-material.ts';
import { loadSigningKeys } from '#src/oidc/keys.ts';
import { signIn } from '../support/journey.ts';
import { signedUp } from '../support/signed-up.ts';
import { RELYING_PARTY, start } from '../support/start.ts';
import { refreshed, seedClients, signedIn, type Tokens } from '../support/tokens.ts';
import { cachingVerifier } from '../support/verifier.ts';

const { keyRotation, keyPublishLead, keyRetention, jwksCacheAge } = DEFAULT_LIMITS;
const YEARS = String(3 * 365 * 24 * 60 * 60);

// Rotations are months apart; the refresh tokens of this test must live through them.
const s = await start({ LIMIT_REFRESH_TOKEN_LIFETIME: YEARS, LIMIT_GRANT_LIFETIME: YEARS });
const second = await s.beside();
await seedClients(s, ALGORITHMS);
const { person, browser } = await signedUp(s);
after(() => s.close());

const both = () => [s, second];
const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';
const keySet = async (origin: string): Promise<JWK[]> => ((await (await fetch(`${origin}/jwks`)).json()) as { keys: JWK[] }).keys;
const signing = (): string[] => s.signingKeys.list().flatMap(({ kid, phase }) => (phase === 'current' ? [kid] : []));
/** When the keys that sign now began to, milliseconds. */
const began = (): number => Math.max(...s.signingKeys.list().flatMap(({ signsFrom, phase }) => (phase === 'current' ? [signsFrom] : [])));
const refreshBoth = async (): Promise<void> => {
  for (const { app } of both()) await app.refreshKeys();
};

test('the key set and discovery may be cached, an error and everything else may not, and both processes publish the same', async () => {
  const cache = async (path: string, origin = s.origin): Promise<string | null> => (await fetch(`${origin}${path}`)).headers.get('cache-control');
  for (const { origin } of both())
    for (const path of ['/jwks', '/.well-known/openid-configuration']) assert.equal(await cache(path, origin), `public, max-age=${jwksCacheAge}`, path);
  for (const path of ['/jwks/', '/jwksx', '/.well-known/none', '/sign-in', '/me', '/auth', '/']) assert.equal(await cache(path), 'no-store', path);
  assert.deepEqual(await keySet(second.origin), await keySet(s.origin));
});

test('a relying party may choose each algorithm, and discovery names them', async () => {
  const discovery = async (): Promise<string> => (await fetch(`${s.origin}/.well-known/openid-configuration`)).text();
  const first = await discovery();
  assert.deepEqual(JSON.parse(first).id_token_signing_alg_values_supported, ALGORITHMS);
  const verifier = cachingVerifier(s.origin);
  for (const algorithm of ALGORITHMS) {
    const { id_token: token } = await signedIn(s, browser, algorithm);
    assert.equal(decodeProtectedHeader(token).alg, algorithm);
    await verifier.verify(token);
  }
  assert.equal(verifier.fetched(), 1);
});

test('10 000 ID tokens of two processes verify while every key is replaced twice, with key sets as old as they may be', { timeout: 600_000 }, async () => {
  const families: { readonly algorithm: string; tokens: Tokens }[] = [];
  for (const algorithm of [...ALGORITHMS, ...ALGORITHMS]) families.push({ algorithm, tokens: await signedIn(s, browser, algorithm) });
  const verifiers = both().map(({ origin }) => cachingVerifier(origin));
  const kids = new Set<string>();
  const failures: unknown[] = [];
  let last: string[] = [];
  let issued = 0;

  /** Tokens of all families from both processes, each verified against the key sets of both; `meanwhile` runs in their midst. */
  async function load(meanwhile: () => Promise<unknown> = async () => {}, rounds = 72): Promise<void> {
    last = [];
    await Promise.all([
      ...families.map(async (family, index) => {
        for (let round = 0; round < rounds; round += 1) {
          const { origin } = both()[(round + index) % 2]!;
          family.tokens = await refreshed(origin, family.algorithm, family.tokens);
          issued += 1;
          kids.add(kidOf(family.tokens.id_token));
          last.push(family.tokens.id_token);
          for (const verifier of verifiers) await verifier.verify(family.tokens.id_token).catch((error: unknown) => failures.push(error));
        }
      }),
      meanwhile(),
    ]);
  }
  const published = async (): Promise<number[]> => Promise.all(both().map(async ({ origin }) => (await keySet(origin)).length));
  const settled = ALGORITHMS.length;

  for (const rotation of [1, 2]) {
    const replaced = signing();
    assert.equal(replaced.length, settled);
    const seen = new Set(kids);
    // The lead before the end begins: one process makes the next keys, the other reads of them a while later.
    await s.pass(Math.floor((began() - Date.now()) / 1000) + keyRotation - keyPublishLead - 60);
    await load(refreshBoth);
    assert.deepEqual(await published(), [settled, settled], 'nothing is due yet');
    await s.pass(120);
    await load(s.app.refreshKeys);
    assert.deepEqual(await published(), [2 * settled, settled]);
    await s.pass(30);
    await load(second.app.refreshKeys);
    assert.deepEqual(await published(), [2 * settled, 2 * settled]);
    // Late in the lead they still only wait, and the verifiers' key sets are about to be an hour old when they sign.
    await s.pass(keyPublishLead - 1800);
    await load(refreshBoth);
    assert.deepEqual(signing(), replaced);
    await s.pass(1800);
    await load(s.app.refreshKeys);
    assert.deepEqual(
      signing().filter((kid) => replaced.includes(kid)),
      [],
      'one process signs with the new keys, the other not yet',
    );
    const before = last;
    assert.ok(before.some((token) => replaced.includes(kidOf(token))));
    await s.pass(30);
    await load(second.app.refreshKeys);
    await load();
    assert.equal([...kids].filter((kid) => !seen.has(kid)).length, rotation === 1 ? 2 * settled : settled);
    assert.ok(last.every((token) => !replaced.includes(kidOf(token))));
    // Tokens of the old keys live out their time.
    await s.pass(DEFAULT_LIMITS.idTokenLifetime);
    await refreshBoth();
    for (const { origin } of both()) for (const token of before) await cachingVerifier(origin).verify(token);
    await s.pass(keyRetention);
    await load(refreshBoth);
    await load();
    assert.deepEqual(await published(), [settled, settled]);
    assert.equal((await s.stores.durable.keys.list()).length, settled, 'what is gone is forgotten');
  }
  assert.deepEqual(failures, []);
  assert.ok(issued >= 10_000, `${issued} tokens`);
  assert.equal(kids.size, 3 * settled);
  assert.ok(verifiers.every((verifier) => verifier.fetched() > 4));
});

test('processes that find a rotation due together make one key for each algorithm', async () => {
  const more = [s, second, await s.beside(), await s.beside()];
  const reports = await Promise.all(more.map(({ signingKeys }) => signingKeys.rotate('planned')));
  for (const report of reports) assert.equal(report.filter(({ phase }) => phase === 'next').length, ALGORITHMS.length);
  for (const { app } of more) await app.refreshKeys();
  const sets = await Promise.all(more.map(async ({ origin }) => (await keySet(origin)).map(({ kid }) => kid)));
  assert.equal(sets[0]?.length, 2 * ALGORITHMS.length);
  for (const set of sets) assert.deepEqual(set, sets[0]);
  assert.deepEqual(new Set(sets[0]), new Set(reports[0]?.map(({ kid }) => kid)));
  await s.pass(keyPublishLead);
  await refreshBoth();
});

test('sign-out takes an ID token of a retired key as a hint, and of a key that is gone not', async () => {
  await signIn(browser, person);
  const { id_token: hint } = await signedIn(s, browser, 'ES256');
  const old = kidOf(hint);
  await s.signingKeys.rotate('planned');
  await s.pass(keyPublishLead);
  await refreshBoth();
  assert.equal(s.signingKeys.list().find(({ kid }) => kid === old)?.phase, 'retired');
  const end = (): string => `/session/end?${new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: `${RELYING_PARTY}/` })}`;
  assert.equal((await s.browser().open(end())).status, 200);
  await s.pass(keyRetention);
  await refreshBoth();
  assert.equal((await s.browser().open(end())).status, 400);
});

test('after a compromise the old keys sign and verify nothing once every process had time to read the new ones; who is signed in stays so', async () => {
  await signIn(browser, person);
  let tokens = await signedIn(s, browser, 'RS256');
  const [stolen, planned] = [signing(), await s.signingKeys.rotate('planned')];
  const waiting = planned.flatMap(({ kid, phase }) => (phase === 'next' ? [kid] : []));
  await refreshBoth();
  const report = await s.signingKeys.rotate('compromise');
  const fresh = report.flatMap(({ kid, phase }) => (phase === 'next' ? [kid] : []));
  assert.equal(fresh.length, ALGORITHMS.length);
  const kidsAt = async (origin: string): Promise<(string | undefined)[]> => (await keySet(origin)).map(({ kid }) => kid);

  // Every process reads within this time; the new keys are published by all before one of them signs.
  await s.pass(DEFAULT_LIMITS.keyReread);
  await refreshBoth();
  for (const { origin } of both()) {
    tokens = await refreshed(origin, 'RS256', tokens);
    assert.ok(stolen.includes(kidOf(tokens.id_token)));
    const published = await kidsAt(origin);
    for (const kid of fresh) assert.ok(published.includes(kid));
    for (const kid of waiting) assert.ok(!published.includes(kid), 'a key that waited was stolen too');
  }
  await s.pass(DEFAULT_LIMITS.keyReread);
  for (const { app, origin } of both()) {
    await app.refreshKeys();
    tokens = await refreshed(origin, 'RS256', tokens);
    for (const each of both()) await cachingVerifier(each.origin).verify(tokens.id_token);
    assert.deepEqual(new Set(await kidsAt(origin)), new Set(fresh));
  }
  assert.deepEqual(new Set((await s.stores.durable.keys.list()).map(({ kid }) => kid)), new Set(fresh), 'the stolen keys are destroyed');
});

test('a process that cannot read its keys says so, and goes on by the clock with those it knows', async () => {
  const { keys } = s.stores.durable;
  let broken = false;
  const own = await loadSigningKeys({
    keys: { ...keys, moments: () => (broken ? Promise.reject(new Error('no database')) : keys.moments()) },
    dataSecret: s.dataSecret,
    now: Date.now,
    limits: DEFAULT_LIMITS,
  });
  await own.rotate('planned');
  const before = own.served().keys.map(({ kid }) => kid);
  broken = true;
  await s.pass(keyPublishLead);
  await assert.rejects(own.refresh(), /no database/);
  const now = own.served().keys.map(({ kid }) => kid);
  assert.deepEqual(new Set(now), new Set(before));
  assert.ok(
    ALGORITHMS.every((_, index) => now[2 * index] === before[2 * index + 1]),
    'the key that waited signs',
  );
  await refreshBoth();
});

test('keys that were sealed with another secret are told, not replaced', async () => {
  const { keys } = s.stores.durable;
  const count = (await keys.list()).length;
  await assert.rejects(loadSigningKeys({ keys, dataSecret: 'x'.repeat(32), now: Date.now, limits: DEFAULT_LIMITS }), /another DATA_SECRET/);
  assert.equal((await keys.list()).length, count);
});
