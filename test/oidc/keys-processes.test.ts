import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeProtectedHeader } from 'jose';
import { hashSecret } from '#src/oidc/clients.ts';
import { ALGORITHMS } from '#src/oidc/key-material.ts';
import { install, type Server, Unanswered } from '../support/installation.ts';
import { until } from '../support/spawned.ts';
import { REAL } from '../support/start.ts';
import { cachingVerifier, type Verifier } from '../support/verifier.ts';

/** Seconds. A start refuses a lead below 4, the cache and two readings; twice that, since on a busy machine making RSA keys holds up a reading. */
const CACHE = 2;
const LEAD = 8;
const ROTATION = 16;
const LIFE = 5;
const LIMITS = {
  LIMIT_KEY_REREAD: '1',
  LIMIT_JWKS_CACHE_AGE: String(CACHE),
  LIMIT_KEY_PUBLISH_LEAD: String(LEAD),
  LIMIT_KEY_ROTATION: String(ROTATION),
  LIMIT_KEY_RETENTION: String(LIFE + 3),
  LIMIT_ACCESS_TOKEN_LIFETIME: String(LIFE),
  LIMIT_ID_TOKEN_LIFETIME: String(LIFE),
};

const SECRET = 'a-secret-of-the-test-that-is-long-enough';
const apiOf = (algorithm: string): string => `https://${algorithm.toLowerCase()}.example.test/`;
/** An API for each algorithm, so that every key of the key set signs, and a machine that may call them all. */
const REGISTERED = {
  apis: ALGORITHMS.map((algorithm) => ({
    identifier: apiOf(algorithm),
    names: { fa: 'سابقه بیمه', en: 'Insurance record' },
    scopes: { 'record:read': { fa: 'دیدن سابقه', en: 'see the record' } },
    signing_alg: algorithm,
  })),
  clients: [
    {
      client_id: 'machine',
      names: { fa: 'ماشین', en: 'Machine' },
      first_party: true,
      start_url: 'https://machine.example.test/',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
      secret_hash: hashSecret(SECRET),
      resources: Object.fromEntries(ALGORITHMS.map((algorithm) => [apiOf(algorithm), ['record:read']])),
    },
  ],
};

async function tokenOf(server: Server, algorithm: string): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: 'machine', client_secret: SECRET, resource: apiOf(algorithm), scope: 'record:read' };
  const answer = await server.ask('/token', form);
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`${server.name}: ${answer.status} ${body}`);
  const { access_token } = JSON.parse(body) as { access_token: string };
  return access_token;
}

type Source = { readonly server: Server; readonly verifier: Verifier; readonly kids: Set<string>; killed: boolean };
const sourceOf = (server: Server): Source => ({ server, verifier: cachingVerifier(server.name, (path) => server.ask(path)), kids: new Set(), killed: false });

/** Workers that ask every server for tokens until they are stopped, and verify each by the key sets of the other servers: at once, a tenth also near its end. */
function startLoad(sources: readonly Source[]) {
  const failures: unknown[] = [];
  const count = { tokens: 0, verifications: 0, late: 0, unanswered: 0 };
  let stopped = false;

  /** What a server that was killed no longer answers is no failure, and it is not asked again; every answer, and every key set still fresh, counts. */
  const [asked, read] = [new Set(sources), new Set(sources)];
  const failed = (error: unknown, source: Source, given: Set<Source>): void => {
    if (!(error instanceof Unanswered && source.killed)) return void failures.push(error);
    count.unanswered += 1;
    given.delete(source);
  };
  async function verifyElsewhere(token: string, issuer: Source): Promise<void> {
    for (const source of read) {
      if (source === issuer) continue;
      try {
        await source.verifier.verify(token);
        count.verifications += 1;
      } catch (error) {
        failed(error, source, read);
      }
    }
  }
  async function verifyLate(token: string, issuer: Source): Promise<void> {
    await pause((LIFE - 0.5) * 1000);
    await verifyElsewhere(token, issuer);
    count.late += 1;
  }
  async function work(algorithm: string, first: number): Promise<void> {
    const late: Promise<void>[] = [];
    for (let turn = first; !stopped; turn += 1) {
      const issuer = [...asked][turn % asked.size]!;
      try {
        const token = await tokenOf(issuer.server, algorithm);
        count.tokens += 1;
        const { alg, kid } = decodeProtectedHeader(token);
        assert.equal(alg, algorithm);
        issuer.kids.add(`${alg} ${kid}`);
        if (turn % 10 === 0) late.push(verifyLate(token, issuer));
        await verifyElsewhere(token, issuer);
      } catch (error) {
        failed(error, issuer, asked);
        await pause(20);
      }
    }
    await Promise.all(late);
  }

  const working = Promise.all([...ALGORITHMS, ...ALGORITHMS].map(work));
  return {
    count,
    failures,
    join(source: Source) {
      asked.add(source);
      read.add(source);
    },
    async stop() {
      stopped = true;
      await working;
    },
  };
}

const needed = REAL.databaseUrl && REAL.redisUrl ? { databaseUrl: REAL.databaseUrl, redisUrl: REAL.redisUrl } : undefined;
const skip = needed ? false : 'TEST_DATABASE_URL and TEST_REDIS_URL are not set; .ci/run sets them';

test('three servers rotate by the calendar and by hand under load, one is killed and one joins: 10 000 verifications, none fails', {
  skip,
  timeout: 150_000,
}, async (t) => {
  const installation = await install(needed!, REGISTERED, LIMITS);
  t.after(() => installation.close());
  // At once, on an empty database: one of them makes the tables and the first keys.
  const sources = (await Promise.all([installation.open(), installation.open(), installation.open()])).map(sourceOf);
  const [victim] = sources as [Source];
  const load = startLoad(sources);
  t.after(load.stop);
  const living = (): Source[] => sources.filter(({ killed }) => !killed);
  /** Until every server that lives signs with keys that none of `old` is. */
  const replaced = (old: ReadonlySet<string>): Promise<void> =>
    until(
      () => living().every(({ kids }) => [...kids].filter((kid) => !old.has(kid)).length >= ALGORITHMS.length),
      () => `other keys; ${JSON.stringify(load.count)}; ${load.failures[0] ?? 'no failure'}; ${sources.map(({ server }) => server.output()).join('; ')}`,
    );
  const seen = (): Set<string> => new Set(sources.flatMap(({ kids }) => [...kids]));

  await replaced(new Set());
  await replaced(seen());

  const scheduled = seen();
  const { keys } = (await (await victim.server.ask('/jwks')).json()) as { keys: { alg: string; kid: string }[] };
  const waiting = keys.filter(({ alg, kid }) => !scheduled.has(`${alg} ${kid}`));
  assert.deepEqual(waiting, [], 'the next ones will be those of the operator');
  await installation.command('rotate-keys');
  // While they wait, and without a chance to end what is under way.
  await pause((LEAD / 4) * 1000);
  victim.server.child.kill('SIGKILL');
  victim.killed = true;
  assert.equal(await victim.server.exit, null);
  const newcomer = sourceOf(await installation.open());
  sources.push(newcomer);
  load.join(newcomer);
  await replaced(scheduled);

  await replaced(seen());
  await until(() => load.count.verifications >= 10_000, 'ten thousand verifications');
  await load.stop();

  t.diagnostic(JSON.stringify({ ...load.count, failures: load.failures.length, keys: sources.map(({ server, kids }) => `${server.name}: ${kids.size}`) }));
  assert.deepEqual(load.failures.slice(0, 5).map(String), []);
  for (const algorithm of ALGORITHMS) {
    const kids = (of: readonly Source[]): number => new Set(of.flatMap((source) => [...source.kids].filter((kid) => kid.startsWith(`${algorithm} `)))).size;
    assert.ok(kids(sources) >= 4, `${algorithm}: the first key, two of the calendar, one by hand`);
    assert.deepEqual(
      sources.map((source) => kids([source]) >= 2),
      sources.map(() => true),
      `${algorithm}: every server signed with keys before and after a rotation`,
    );
  }
  assert.ok(load.count.late > 100);
  assert.ok(load.count.unanswered > 0, 'it was killed while it was asked');
  for (const { server } of sources) assert.doesNotMatch(server.output(), /signing keys/, 'no reading of the keys failed');
});
