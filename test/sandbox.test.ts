import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { ConfigError, loadConfig } from '#src/config.ts';
import { readSandboxCommand } from '#src/sandbox/command.ts';
import { openSandbox } from '#src/sandbox/open.ts';
import { openStores } from '#src/stores/index.ts';
import { Browser } from './support/browser.ts';
import { freePorts, identify, type ListedPerson, type Run, ready, run, until } from './support/spawned.ts';

const CALLBACK = 'http://localhost:9/cb';

const folder = mkdtempSync(join(tmpdir(), 'profile-sandbox-'));
const keys = await generateKeyPair('ES256', { extractable: true });
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'own', alg: 'ES256', use: 'sig' };
const jwksServer = createServer((_request, response) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [jwk] })));

let env: Record<string, string>;
let origin: string;
let simulators: string;
let server: Run;
let secret: string;

async function launch(...args: string[]): Promise<Run> {
  const started = run(env, ['sandbox', ...args], folder);
  await ready(started);
  secret = /client secret +(\S+)/.exec(started.output())?.[1] ?? '';
  return started;
}

before(async () => {
  jwksServer.listen(0, '127.0.0.1');
  await once(jwksServer, 'listening');
  const { port: jwksPort } = jwksServer.address() as { port: number };
  const [port = 0, eservice = 0, outside = 0] = await freePorts(3);
  env = { ISSUER: `http://localhost:${port}`, ESERVICE_PORT: String(eservice), SIMULATORS_PORT: String(outside) };
  origin = `http://localhost:${port}`;
  simulators = `http://localhost:${outside}`;
  writeFileSync(
    join(folder, 'mine.json'),
    JSON.stringify({
      client_id: 'mine',
      redirect_uris: ['http://localhost:9/mine'],
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `http://127.0.0.1:${jwksPort}/jwks`,
    }),
  );
  writeFileSync(
    join(folder, 'old.json'),
    JSON.stringify({
      client_id: 'old',
      token_endpoint_auth_method: 'none',
      redirect_uris: [CALLBACK],
      post_logout_redirect_uris: ['http://localhost:9/bye'],
      legacy: { until: '2999-12-29', forms: ['signout'], audiences: [], signout_uris: ['http://localhost:9/bye'] },
    }),
  );
  server = await launch('--redirect-uri', CALLBACK, '--redirect-uri', 'https://staging.example.test/cb', '--client', 'mine.json', '--client', 'old.json');
});
after(async () => {
  server.child.kill('SIGTERM');
  await server.exit;
  jwksServer.closeAllConnections();
  jwksServer.close();
  rmSync(folder, { recursive: true, force: true });
});

type Person = ListedPerson & { readonly story: string; readonly password: string };
const people = async (story: string): Promise<readonly Person[]> =>
  ((await (await fetch(`${simulators}/people.json`)).json()) as Person[]).filter((person) => person.story === story);
const post = (path: string, body: object): Promise<Response> =>
  fetch(`${simulators}${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
const order = async (endpoint: string, kind: string, client = 'sandbox'): Promise<void> =>
  assert.equal((await post('/failures', { client, endpoint, kind, count: 1 })).status, 200);
const form = (path: string, fields: Record<string, string>): Promise<Response> =>
  fetch(`${origin}${path}`, {
    method: 'POST',
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded',
      Authorization: `Basic ${Buffer.from(`sandbox:${secret}`).toString('base64')}`,
    },
    body: new URLSearchParams(fields),
  });

function request(more: Record<string, string> = {}): { url: string; verifier: string } {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: 'sandbox',
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid profile national_id',
    state: 's',
    nonce: 'n',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  });
  return { url: `${origin}/auth?${query}`, verifier };
}

/** Signed in, with consent given where it is asked. */
async function signedIn(person: Person, password = person.password): Promise<Browser> {
  const browser = new Browser(origin);
  await browser.open(request().url);
  await browser.submit({ identifier: person.national_code, password });
  if (browser.page.status === 200) await browser.submit({ action: 'allow' });
  assert.ok(browser.page.url.startsWith(`${CALLBACK}?code=`), browser.page.url);
  return browser;
}
async function codeOf(browser: Browser): Promise<Record<string, string>> {
  const { url, verifier } = request();
  const page = await browser.open(url);
  return { grant_type: 'authorization_code', code: new URL(page.url).searchParams.get('code') ?? '', redirect_uri: CALLBACK, code_verifier: verifier };
}
type Tokens = { access_token: string; id_token: string };
const tokensOf = async (browser: Browser): Promise<Tokens> => (await (await form('/token', await codeOf(browser))).json()) as Tokens;

/** A sign-up to the step after the code of the SMS, or as far as it gets. */
async function beginSignUp(person: Person): Promise<Browser> {
  const browser = new Browser(origin);
  await browser.open('/sign-up');
  await identify(browser, simulators, person);
  return browser;
}

test('a sandbox refuses everything by which it could be taken for a real server, all at once, and writes nothing', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'profile-sandbox-'));
  try {
    const wrong = run({ ISSUER: 'https://profile.example.org', DATABASE_URL: 'postgres://x@localhost/x', REDIS_URL: 'redis://localhost' }, ['sandbox'], empty);
    assert.equal(await wrong.exit, 1);
    for (const name of ['ISSUER: a sandbox', 'DATABASE_URL: a sandbox', 'REDIS_URL: a sandbox'])
      assert.ok(wrong.output().includes(name), `${name} in:\n${wrong.output()}`);
    assert.doesNotMatch(wrong.output(), /\n\s+at /);
    const open = run({ HOST: '0.0.0.0' }, ['sandbox', '--port', '0'], empty);
    assert.equal(await open.exit, 1);
    assert.match(open.output(), /HOST: a sandbox/);
    assert.ok(!existsSync(join(empty, 'sandbox-data')));
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
});

test('the data folder of a server that is no sandbox is refused', async () => {
  const config = loadConfig({
    SANDBOX: 'yes',
    DATA_DIR: join(folder, 'other'),
    ...Object.fromEntries(['COOKIE_SECRETS', 'DATA_SECRET', 'PAIRWISE_SECRET'].map((name) => [name, name.repeat(4)])),
  });
  const stores = await openStores({ now: Date.now, onError: () => {} });
  try {
    const sandbox = openSandbox(config, [], []);
    await assert.rejects(sandbox.settle(stores, [], { keys: [{ kid: 'sandbox-a' }, { kid: 'b' }] }), /no sandbox/);
    await sandbox.settle(stores, [], { keys: [{ kid: 'sandbox-a' }] });
  } finally {
    await stores.close();
  }
});

test('the command: addresses, files and mistakes', () => {
  const file = { client_id: 'rp', redirect_uris: ['http://localhost:8080/cb'], client_secret: 'x'.repeat(40) };
  const read = (args: string[], files: Record<string, unknown> = {}, given: Record<string, string> = {}) =>
    readSandboxCommand(args, { env: given, readFile: (path) => JSON.stringify(files[path]), exists: (path) => path in files });
  assert.deepEqual(read([]).redirectUris, ['http://localhost:8080/callback']);
  assert.deepEqual(read([]).env, { DATA_DIR: 'sandbox-data', SANDBOX: 'yes' });
  assert.deepEqual(read(['--redirect-uri', 'http://localhost:1/a', '--redirect-uri', 'http://localhost:1/b']).redirectUris, [
    'http://localhost:1/a',
    'http://localhost:1/b',
  ]);
  assert.equal(read(['--port', '3900']).env['PORT'], '3900');
  assert.deepEqual(read([], {}, { ISSUER: 'http://127.0.0.1:4000', DATA_DIR: 'x' }).env, { PORT: '4000', HOST: '127.0.0.1', SANDBOX: 'yes' });
  const [client] = read([], { 'clients.json': file }).clients;
  assert.equal(client?.clientId, 'rp');
  assert.equal(client?.metadata['client_secret'], undefined);
  assert.match(String(client?.metadata['secret_hash']), /^[0-9a-f]{64}$/);
  assert.deepEqual(read([], { 'clients.json': file }).redirectUris, []);
  assert.deepEqual(
    read(['--client', 'a'], { a: [file, { ...file, client_id: 'two' }] }).clients.map(({ clientId }) => clientId),
    ['rp', 'two'],
  );
  for (const [args, files, problem] of [
    [['--redirect-uri', 'http://a.example/cb'], {}, /--redirect-uri/],
    [['--redirect-uri', 'http://localhost:*'], {}, /--redirect-uri/],
    [['--client', 'a'], { a: { ...file, client_id: 'portal' } }, /"portal" is taken/],
    [['--client', 'a'], { a: { ...file, colour: 'red' } }, /colour/],
    [['--wat'], {}, /--wat/],
    [['there'], {}, /there/],
  ] as const)
    assert.throws(
      () => read([...args], files),
      (error) => error instanceof ConfigError && problem.test(error.message),
      String(problem),
    );
});

test('the ready client signs a person with an account in, and cookies, keys and tokens say what they are', async () => {
  assert.match(server.output(), new RegExp(`redirect URI +${CALLBACK}`));
  assert.match(server.output(), /your client +mine/);
  const [person] = await people('duplicate');
  assert.ok(person?.password);
  const browser = await signedIn(person);
  assert.ok(browser.cookies().length > 0);
  for (const name of browser.cookies()) assert.match(name, /^sandbox-/);
  const tokens = await tokensOf(browser);
  const claims = decodeJwt(tokens.id_token);
  assert.equal(claims.iss, origin);
  assert.equal(claims['sandbox'], true);
  assert.match(String(decodeProtectedHeader(tokens.id_token).kid), /^sandbox-/);
  const userinfo = (await (await fetch(`${origin}/me`, { headers: { Authorization: `Bearer ${tokens.access_token}` } })).json()) as Record<string, unknown>;
  assert.equal(userinfo['national_id'], person.national_code);
  assert.equal(userinfo['sandbox'], true);
  const introspected = (await (await form('/token/introspection', { token: tokens.access_token })).json()) as Record<string, unknown>;
  assert.deepEqual([introspected['active'], introspected['sandbox']], [true, true]);
  const { keys: published } = (await (await fetch(`${origin}/jwks`)).json()) as { keys: { kid: string }[] };
  for (const { kid } of published) assert.match(kid, /^sandbox-/);
  // Exact match stays.
  const page = await new Browser(origin).open(request({ redirect_uri: `${CALLBACK}/` }).url);
  assert.equal(page.status, 400);
});

test('every page carries the bar, in both languages, and the choice of language has a cookie of its own', async () => {
  const browser = new Browser(origin);
  for (const path of ['/sign-in', '/signed-out', '/nowhere']) {
    const page = await browser.open(path);
    assert.match(page.text, /<p class="sandbox">محیط آزمایشی \(sandbox\)/, path);
  }
  const english = await browser.open('/signed-out?lang=en');
  assert.match(english.text, /<p class="sandbox">Sandbox: a test environment/);
  assert.ok(browser.cookies().includes('sandbox-lang'));
});

test('an integrator’s own client with a key set on the laptop', async () => {
  const assertion = await new SignJWT({ iss: 'mine', sub: 'mine', aud: origin, jti: randomBytes(8).toString('hex') })
    .setProtectedHeader({ alg: 'ES256', kid: 'own' })
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(keys.privateKey);
  const response = await fetch(`${origin}/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
  });
  assert.equal(response.status, 200, await response.text());
});

test('the old sign-out of an integrator’s own client is tried here too', async () => {
  const browser = new Browser(origin);
  await browser.open(`${origin}/auth/signout?redirect_uri=${encodeURIComponent('http://localhost:9/bye')}`);
  assert.equal(browser.page.status, 200);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(browser.page.text)?.[1] ?? '';
  const gone = await browser.submit({ xsrf, logout: 'yes' }, `${origin}/session/end/confirm`);
  assert.match(gone.url, /^http:\/\/localhost:9\/bye/);
  assert.equal((await new Browser(origin).open(`${origin}/auth/signout?redirect_uri=http://localhost:9/other`)).status, 404);
});

test('ordered errors come once, before the code is used, and another try succeeds', async () => {
  const [person] = await people('duplicate');
  const browser = await signedIn(person as Person);
  const errorOf = async (response: Response) => `${response.status} ${((await response.json()) as { error: string }).error}`;

  for (const [kind, expected] of [
    ['server_error', '500 server_error'],
    ['temporarily_unavailable', '503 temporarily_unavailable'],
    ['invalid_grant', '400 invalid_grant'],
  ] as const) {
    await order('token', kind);
    const code = await codeOf(browser);
    assert.equal(await errorOf(await form('/token', code)), expected);
    assert.equal((await form('/token', code)).status, 200, `after ${kind}`);
  }

  await order('authorize', 'temporarily_unavailable');
  const refused = await browser.open(request().url);
  assert.match(refused.url, /^http:\/\/localhost:9\/cb\?error=temporarily_unavailable/);
  assert.match((await browser.open(request().url)).url, /\?code=/);

  const tokens = await tokensOf(browser);
  const userinfo = () => fetch(`${origin}/me`, { headers: { Authorization: `Bearer ${tokens.access_token}`, Accept: 'application/json' } });
  await order('userinfo', 'server_error');
  assert.equal(await errorOf(await userinfo()), '500 server_error');
  assert.equal((await userinfo()).status, 200);

  await order('jwks', 'temporarily_unavailable', '');
  assert.equal((await fetch(`${origin}/jwks`)).status, 503);
  assert.equal((await fetch(`${origin}/jwks`)).status, 200);

  const jwks = createRemoteJWKSet(new URL(`${origin}/jwks`));
  await order('token', 'wrong_signature');
  await assert.rejects(jwtVerify((await tokensOf(browser)).id_token, jwks), /signature/);
  await jwtVerify((await tokensOf(browser)).id_token, jwks);

  await order('userinfo', 'slow');
  const finished: string[] = [];
  const slow = userinfo().then(({ status }) => finished.push(`slow ${status}`));
  await until(
    async () => ((await (await fetch(`${simulators}/failures`, { headers: { Accept: 'application/json' } })).json()) as []).length === 0,
    'the slow one',
  );
  finished.push(`quick ${(await userinfo()).status}`);
  await slow;
  assert.deepEqual(finished, ['quick 200', 'slow 200']);

  // The other client is not touched, an order that is not understood changes nothing, and all can be taken back.
  await order('token', 'server_error', 'eservices');
  assert.equal((await form('/token', await codeOf(browser))).status, 200);
  for (const wrong of [
    { client: 'nobody', endpoint: 'token', kind: 'server_error', count: 1 },
    { client: 'sandbox', endpoint: 'jwks', kind: 'invalid_grant', count: 1 },
    { client: 'sandbox', endpoint: 'token', kind: 'server_error', count: 0 },
  ])
    assert.equal((await post('/failures', wrong)).status, 400);
  const page = await (await fetch(`${simulators}/failures`)).text();
  assert.ok(page.includes('eservices') && page.includes('<form'));
  assert.deepEqual(await (await post('/failures', { clear: true })).json(), []);
});

test('stories: the registry is down for one person only, a disabled account, an account that exists', async () => {
  const [unlucky] = await people('registry-down');
  const waiting = await beginSignUp(unlucky as Person);
  assert.match(waiting.page.url, /\/sign-up-waiting$/);
  const [lucky] = await people('ok');
  const passing = await beginSignUp(lucky as Person);
  assert.match(passing.page.url, /\/sign-up-email$/);
  const [disabled] = await people('disabled');
  const browser = new Browser(origin);
  await browser.open('/sign-in');
  const refused = await browser.submit({ identifier: disabled?.national_code ?? '', password: disabled?.password ?? '' });
  assert.equal(refused.status, 422);
  const shown = await (await fetch(`${simulators}/people?story=duplicate`)).text();
  assert.ok(shown.includes((await people('duplicate'))[0]?.password ?? 'none'));
});

test('the clock: a locked password waits until the hour has passed', async () => {
  const [locked] = await people('locked');
  const browser = new Browser(origin);
  await browser.open('/sign-in');
  const fields = { identifier: locked?.national_code ?? '', password: locked?.password ?? '' };
  assert.equal((await browser.submit(fields)).status, 422);
  assert.equal((await post('/clock', { advance: -5 })).status, 400);
  const moved = (await (await post('/clock', { advance: 3_660 })).json()) as { ahead: number; now: string };
  assert.equal(moved.ahead, 3_660);
  assert.ok(Date.parse(moved.now) - Date.now() > 3_600_000);
  await browser.open('/sign-in');
  const inside = await browser.submit(fields);
  assert.ok(inside.text.includes(locked?.first_name ?? 'none'), inside.url);
  assert.match(await (await fetch(`${simulators}/clock`)).text(), /\+3660 s/);
});

test('a second start keeps accounts and the clock; the clients are those of the command', async () => {
  const [person] = await people('ok');
  const browser = await beginSignUp((await people('ok'))[1] as Person);
  await browser.submit({ email: 'somebody@example.test' });
  await browser.submit({ password: 'zarafe-abi-kuh' });
  await browser.submit({});
  await browser.submit({});
  assert.ok(person);
  const newcomer = (await people('ok'))[1] as Person;
  server.child.kill('SIGTERM');
  assert.equal(await server.exit, 0);

  const before = secret;
  server = await launch('--redirect-uri', 'http://localhost:9/other');
  assert.equal(secret, before, 'the ready client keeps its secret');
  const again = new Browser(origin);
  await again.open(request({ redirect_uri: 'http://localhost:9/other' }).url);
  await again.submit({ identifier: newcomer.national_code, password: 'zarafe-abi-kuh' });
  await again.submit({ action: 'allow' });
  assert.match(again.page.url, /^http:\/\/localhost:9\/other\?code=/);
  assert.equal((await new Browser(origin).open(request().url)).status, 400, 'yesterday’s redirect URI is gone');
  const clock = (await (await fetch(`${simulators}/clock`, { headers: { Accept: 'application/json' } })).json()) as { ahead: number };
  assert.equal(clock.ahead, 3_660);
  const second = run({ ...env, ISSUER: '', PORT: '0', ESERVICE_PORT: '0', SIMULATORS_PORT: '0' }, ['sandbox'], folder);
  assert.equal(await second.exit, 1);
  assert.match(second.output(), /in use by process \d+/);
});
