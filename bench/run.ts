/**
 * npm run bench: Profile beside two ceilings of the same run and machine — the bare protocol library with its memory adapter, and the bare hash.
 * Loopback only, bounded in count. Real stores where TEST_DATABASE_URL and TEST_REDIS_URL are set; the embedded ones otherwise, which is printed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Simulators, startSimulators } from '#src/connectors/simulators/index.ts';
import { createHasher } from '#src/identity/password.ts';
import { Browser } from '#test/support/browser.ts';
import { freshDatabase } from '#test/support/database.ts';
import { birthFields, PASSWORD } from '#test/support/journey.ts';

const PARALLEL = 16;
/** As the image runs (Dockerfile): a small young generation, two arenas of the allocator and kept compiled sources, for the memory of a process. */
const FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=20'];
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2', NODE_COMPILE_CACHE: new URL('../node_modules/.cache/bench', import.meta.url).pathname };
const UNLIMITED = Object.fromEntries(
  [
    'SMS_PER_ADDRESS_TEN_MINUTES',
    'SMS_PER_ADDRESS_DAY',
    'SIGN_UPS_PER_ADDRESS',
    'PASSWORD_ATTEMPTS_PER_ADDRESS',
    'HASH_QUEUE',
    'SMS_PER_MINUTE',
    'SMS_PER_QUARTER',
    'SMS_PER_HOUR',
    'SMS_PER_DAY',
    'OWNERSHIP_ATTEMPTS',
    'REGISTRY_ATTEMPTS',
  ].map((name) => [`LIMIT_${name}`, '1000000']),
);

type Facts = { readonly rss: number; readonly sql: number; readonly redis: number };
type Server = { readonly origin: string; readonly child: ChildProcess; readonly readyMs: number; facts(): Promise<Facts> };
type Result = { readonly perSecond: number; readonly p50: number; readonly p99: number; readonly sql: number; readonly redis: number };

async function startServer(kind: 'bare' | 'profile', env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const child = spawn(process.execPath, [...FLAGS, 'bench/server.ts', kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...ENVIRONMENT, ...env },
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [, port = '', ready = '0'] = /ready (\d+) (\d+)/.exec(String(line)) ?? [];
  const origin = `http://127.0.0.1:${port}`;
  return { origin, child, readyMs: Number(ready), facts: async () => (await (await fetch(`${origin}/bench/facts`)).json()) as Facts };
}

async function stop({ child }: Server): Promise<void> {
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

/** Runs `flow` `count` times, PARALLEL at once; each worker keeps its own browser. */
async function measure(server: Server, count: number, prepare: (worker: number) => Promise<() => Promise<void>>, parallel = PARALLEL): Promise<Result> {
  const flows = await Promise.all(Array.from({ length: parallel }, (_, worker) => prepare(worker)));
  for (const flow of flows) await flow();
  const before = await server.facts();
  const times: number[] = [];
  let left = count;
  const start = performance.now();
  await Promise.all(
    flows.map(async (flow) => {
      while (left > 0) {
        left -= 1;
        const from = performance.now();
        await flow();
        times.push(performance.now() - from);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const after = await server.facts();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
  return {
    perSecond: times.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
    sql: (after.sql - before.sql) / times.length,
    redis: (after.redis - before.redis) / times.length,
  };
}

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const authorize = (scope = 'openid profile', more = ''): string =>
  `/auth?client_id=bench&response_type=code&scope=${encodeURIComponent(scope)}&redirect_uri=${encodeURIComponent('http://localhost:9/cb')}&code_challenge=${challenge}&code_challenge_method=S256&state=s${more}`;
const authorization = `Basic ${Buffer.from('bench:bench-secret').toString('base64')}`;

async function token(origin: string, form: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const answer = await fetch(`${origin}/token`, {
    method: 'POST',
    headers: { Authorization: authorization, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  const body = (await answer.json()) as Record<string, string>;
  if (!answer.ok) throw new Error(JSON.stringify(body));
  return body;
}

/** A proof of possession (RFC 9449) for one request, and the key it is made with. */
async function createProof(): Promise<(origin: string, path: string) => Promise<string>> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return (origin, path) =>
    new SignJWT({ htm: 'POST', htu: origin + path, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(privateKey);
}

/** Pushed request, authorization, token, bound to a key. */
async function boundFlow(browser: Browser, origin: string, proof: Awaited<ReturnType<typeof createProof>>): Promise<void> {
  const post = async (path: string, form: URLSearchParams): Promise<Record<string, string>> => {
    const headers = { Authorization: authorization, 'Content-Type': 'application/x-www-form-urlencoded', DPoP: await proof(origin, path) };
    const answer = await fetch(origin + path, { method: 'POST', headers, body: form.toString() });
    const body = (await answer.json()) as Record<string, string>;
    if (!answer.ok) throw new Error(JSON.stringify(body));
    return body;
  };
  const { request_uri: uri = '' } = await post('/request', new URL(origin + authorize()).searchParams);
  const end = await browser.open(`${origin}/auth?client_id=bench&request_uri=${encodeURIComponent(uri)}`);
  const code = new URL(end.url).searchParams.get('code') ?? '';
  const { token_type: type } = await post(
    '/token',
    new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: 'http://localhost:9/cb', code_verifier: verifier }),
  );
  if (type !== 'DPoP') throw new Error(`token_type ${type}`);
}

async function codeFlow(browser: Browser, origin: string, more?: string): Promise<Record<string, string>> {
  const end = await browser.open(origin + authorize('openid profile', more));
  const code = new URL(end.url).searchParams.get('code');
  if (!code) throw new Error(`no code at ${end.url}: ${end.status}`);
  return token(origin, { grant_type: 'authorization_code', code, redirect_uri: 'http://localhost:9/cb', code_verifier: verifier });
}

/** Registers synthetic people through the real pages; returns the browsers, signed in. */
async function signUp(server: Server, { world }: Simulators, index: number): Promise<Browser> {
  const person = world.people[index];
  if (!person) throw new Error('no person left');
  const browser = new Browser(server.origin);
  await browser.open(server.origin + authorize('openid profile', '&prompt=create'));
  await browser.submit({ action: 'national' });
  await browser.submit({ nationalCode: person.code, mobile: person.mobile });
  let code = '';
  for (let tries = 0; tries < 200 && !code; tries += 1) {
    const sms = world.inbox.filter(({ to, text }) => to === person.mobile && text.includes('#')).at(-1);
    code = /\d{6}/.exec(sms?.text ?? '')?.[0] ?? '';
    if (!code) await pause(5);
  }
  await browser.submit({ code });
  await browser.submit({
    firstName: person.firstName,
    lastName: person.lastName,
    fatherName: person.fatherName,
    ...birthFields(person.birthDate),
    certificateNumber: person.certificateNumber,
  });
  await browser.submit({ email: 'somebody@example.test' });
  await browser.submit({ password: PASSWORD });
  await browser.submit({});
  const end = await browser.submit({});
  if (!end.url.includes('code=')) throw new Error(`sign-up ended at ${end.url}`);
  return browser;
}

const show = (name: string, result: Result, ratio?: { of: number; target?: number }): void => {
  const target = ratio?.target ? ` (target ≥ ${ratio.target})` : '';
  const against = ratio ? `  ratio ${(result.perSecond / ratio.of).toFixed(2)}${target}` : '';
  console.log(
    `${name.padEnd(46)} ${result.perSecond.toFixed(1).padStart(8)}/s  p50 ${result.p50.toFixed(1)} ms  p99 ${result.p99.toFixed(1)} ms  SQL ${result.sql.toFixed(1)}  Redis ${result.redis.toFixed(1)}${against}`,
  );
};

const real = Boolean(process.env['TEST_DATABASE_URL'] && process.env['TEST_REDIS_URL']);
const simulators = await startSimulators({ port: 0, host: '127.0.0.1', now: Date.now });
const outside = {
  UID_URL: `${simulators.url}/uid`,
  UID_BUSINESS_ID: 'b',
  UID_BUSINESS_TOKEN: 'b',
  KAVENEGAR_URL: `${simulators.url}/kavenegar`,
  KAVENEGAR_API_KEY: 'b',
};
const database = process.env['TEST_DATABASE_URL'] ? { TEST_DATABASE_URL: await freshDatabase(process.env['TEST_DATABASE_URL']) } : {};
const bare = await startServer('bare');
// The first start compiles the sources and migrates the database; the measured one finds both done.
const first = await startServer('profile', { ...UNLIMITED, ...outside, ...database });
await stop(first);
const profile = await startServer('profile', { ...UNLIMITED, ...outside, ...database });
try {
  console.log(
    `Node ${process.versions.node}, ${availableParallelism()} cores, ${PARALLEL} at once, ${real ? 'PostgreSQL and Redis' : 'embedded stores (set TEST_DATABASE_URL and TEST_REDIS_URL for the targets)'}`,
  );
  console.log(
    `first start ${first.readyMs} ms (keys generated, database migrated), ready again ${profile.readyMs} ms (target ≤ 1500), at rest ${Math.round((await profile.facts()).rss / 1e6)} MB`,
  );

  const browsers: Browser[] = [];
  const signUps = await measure(
    profile,
    20,
    async (worker) => {
      let round = 0;
      return async () => {
        browsers.push(await signUp(profile, simulators, worker + 4 * round));
        round += 1;
      };
    },
    4,
  );

  const bareFlow = await measure(bare, 2_000, async () => {
    const browser = new Browser(bare.origin);
    return async () => void (await codeFlow(browser, bare.origin));
  });
  const flow = await measure(
    profile,
    2_000,
    async (worker) => async () => void (await codeFlow(browsers[worker % browsers.length] as Browser, profile.origin)),
  );

  const bareSignIn = await measure(bare, 1_000, async () => async () => void (await codeFlow(new Browser(bare.origin), bare.origin)));

  const hasher = createHasher({ concurrency: availableParallelism(), queue: 10_000, retryAfter: 5 });
  const stored = await hasher.hash(PASSWORD);
  const hashStart = performance.now();
  const HASHES = 200;
  await Promise.all(Array.from({ length: HASHES }, () => hasher.verify(stored, PASSWORD)));
  const hashRate = HASHES / ((performance.now() - hashStart) / 1000);

  const passwords = await measure(profile, 300, async (worker) => {
    const person = simulators.world.people[worker];
    return async () => {
      const browser = new Browser(profile.origin);
      await browser.open(profile.origin + authorize());
      const end = await browser.submit({ identifier: person?.code ?? '', password: PASSWORD });
      const code = new URL(end.url).searchParams.get('code');
      if (!code) throw new Error(`sign-in ended at ${end.url} ${end.status}`);
      await token(profile.origin, { grant_type: 'authorization_code', code, redirect_uri: 'http://localhost:9/cb', code_verifier: verifier });
    };
  });

  const machine = (server: Server) => measure(server, 4_000, async () => async () => void (await token(server.origin, { grant_type: 'client_credentials' })));
  const [bareMachine, machineTokens] = [await machine(bare), await machine(profile)];

  const refresh = (server: Server, browserOf: (worker: number) => Browser) =>
    measure(server, 2_000, async (worker) => {
      const browser = browserOf(worker);
      let end = await browser.open(server.origin + authorize('openid profile offline_access', '&prompt=consent'));
      if (!end.url.includes('code=')) end = await browser.submit({ action: 'allow' });
      let { refresh_token: current = '' } = await token(server.origin, {
        grant_type: 'authorization_code',
        code: new URL(end.url).searchParams.get('code') ?? '',
        redirect_uri: 'http://localhost:9/cb',
        code_verifier: verifier,
      });
      return async () => {
        ({ refresh_token: current = '' } = await token(server.origin, { grant_type: 'refresh_token', refresh_token: current }));
      };
    });
  const bareBrowsers = Array.from({ length: PARALLEL }, () => new Browser(bare.origin));
  const bareRefresh = await refresh(bare, (worker) => bareBrowsers[worker] as Browser);
  const refreshed = await refresh(profile, (worker) => browsers[worker] as Browser);

  const proof = await createProof();
  const bound = (server: Server, browserOf: (worker: number) => Browser) =>
    measure(server, 1_000, async (worker) => async () => boundFlow(browserOf(worker), server.origin, proof));
  const [bareBound, boundFlows] = [
    await bound(bare, (worker) => bareBrowsers[worker] as Browser),
    await bound(profile, (worker) => browsers[worker] as Browser),
  ];
  const signed = (server: Server) =>
    measure(
      server,
      3_000,
      async () => async () => void (await token(server.origin, { grant_type: 'client_credentials', resource: 'https://api.example.test/', scope: 'read' })),
    );
  const [bareSigned, signedTokens] = [await signed(bare), await signed(profile)];
  const introspection = async (server: Server) => {
    const { access_token: value = '' } = await token(server.origin, { grant_type: 'client_credentials' });
    const headers = { Authorization: authorization, 'Content-Type': 'application/x-www-form-urlencoded' };
    return measure(server, 3_000, async () => async () => {
      const answer = await fetch(`${server.origin}/token/introspection`, { method: 'POST', headers, body: `token=${value}` });
      if (((await answer.json()) as { active: boolean }).active !== true) throw new Error('not active');
    });
  };
  const [bareLook, look] = [await introspection(bare), await introspection(profile)];
  const read = (server: Server, path: string) => measure(server, 4_000, async () => async () => void (await (await fetch(server.origin + path)).arrayBuffer()));
  const DISCOVERY = '/.well-known/openid-configuration';
  const [bareKeys, keySets, bareDiscovery, discoveries] = [
    await read(bare, '/jwks'),
    await read(profile, '/jwks'),
    await read(bare, DISCOVERY),
    await read(profile, DISCOVERY),
  ];

  show('(a) bare library: code flow by session', bareFlow);
  show('(a) Profile: code flow by session', flow, { of: bareFlow.perSecond, target: 0.6 });
  console.log(`${'(b) bare hash, all cores'.padEnd(46)} ${hashRate.toFixed(1).padStart(8)}/s`);
  show('(b) bare library: sign-in without a password', bareSignIn);
  show('(b) Profile: password sign-in + code flow', passwords, { of: hashRate, target: 0.9 });
  const together = 1 / (1 / hashRate + 1 / bareSignIn.perSecond);
  console.log(`    both ceilings one after the other: ${together.toFixed(1)}/s, of which ${(passwords.perSecond / together).toFixed(2)}`);
  show('(c) bare library: client credentials', bareMachine);
  show('(c) Profile: client credentials', machineTokens, { of: bareMachine.perSecond, target: 0.7 });
  show('(c) bare library: refresh', bareRefresh);
  show('(c) Profile: refresh', refreshed, { of: bareRefresh.perSecond, target: 0.7 });
  show('(d) Profile: sign-up, end to end', signUps);
  const pairs: readonly (readonly [string, Result, Result])[] = [
    ['pushed request + DPoP code flow', bareBound, boundFlows],
    ['JWT access token', bareSigned, signedTokens],
    ['introspection', bareLook, look],
    ['key set', bareKeys, keySets],
    ['discovery', bareDiscovery, discoveries],
  ];
  for (const [name, of, got] of pairs) {
    show(`(e) bare library: ${name}`, of);
    show(`(e) Profile: ${name}`, got, { of: of.perSecond });
  }
  console.log(`under load ${Math.round((await profile.facts()).rss / 1e6)} MB (target ≤ 180)`);

  console.log(await weights(profile.origin));
} finally {
  await Promise.all([stop(bare), stop(profile)]);
  await simulators.close();
}

/** Bytes on the wire of a first page with all it needs, and of a later one. */
async function weights(origin: string): Promise<string> {
  const size = async (path: string): Promise<number> => {
    const { request } = await import('node:http');
    const sent = request(origin + path, { headers: { 'Accept-Encoding': 'br', Accept: 'text/html' } });
    sent.end();
    const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    let bytes = response.rawHeaders.join(': \r\n').length;
    for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
    return bytes;
  };
  const browser = new Browser(origin);
  const page = await browser.open(`${origin}/nowhere`);
  const parts = [...new Set(page.text.match(/\/assets\/[\w./-]+/g) ?? [])];
  const html = await size('/nowhere');
  const assets = (await Promise.all(parts.map(size))).reduce((sum, bytes) => sum + bytes, 0);
  return `page weights: first ${html + assets} bytes (target ≤ 60000), later ${html} bytes (target ≤ 10000)`;
}
