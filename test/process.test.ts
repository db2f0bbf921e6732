import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { embeddedSecrets } from '#src/embedded.ts';
import { PENSIONS, startApi } from '../examples/api/app.ts';
import { report } from '../examples/machine/app.ts';
import { Browser } from './support/browser.ts';
import { freePorts, identify, type ListedPerson, ready, run, until } from './support/spawned.ts';

test('a newcomer’s start: three addresses, the sample e-service signs a person in, a second process is refused, a second start keeps everything, SIGTERM drains', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-start-'));
  const [port = 0, eservice = 0, simulators = 0] = await freePorts(3);
  const env = { DATA_DIR: folder, PORT: String(port), ESERVICE_PORT: String(eservice), SIMULATORS_PORT: String(simulators) };
  const origin = `http://localhost:${port}`;
  try {
    const first = run(env);
    await ready(first);
    for (const address of [origin, `http://localhost:${eservice}`, `http://localhost:${simulators}`]) assert.ok(first.output().includes(address), address);

    const [person] = (await (await fetch(`http://localhost:${simulators}/people.json`)).json()) as ListedPerson[];
    assert.ok(person);
    // The whole way from the sample's own button, by hand: its session cookie is kept beside Profile's.
    const start = await fetch(`http://localhost:${eservice}/signup`, { redirect: 'manual' });
    const cookie = start.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const browser = new Browser(origin);
    await browser.open(start.headers.get('location') ?? '');
    await identify(browser, `http://localhost:${simulators}`, person);
    await browser.submit({ email: 'somebody@example.test' });
    await browser.submit({ password: 'zarafe-abi-kuh' });
    await browser.submit({});
    const back = await browser.submit({});
    assert.ok(back.url.startsWith(`http://localhost:${eservice}/callback?code=`), back.url);
    const callback = await fetch(back.url, { headers: { Cookie: cookie }, redirect: 'manual' });
    const session = callback.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const home = await (await fetch(`http://localhost:${eservice}/`, { headers: { Cookie: session } })).text();
    assert.ok(home.includes(person.national_code) && home.includes(`${person.first_name} ${person.last_name}`), 'the sample shows the claims');
    assert.match(await (await fetch(`http://localhost:${eservice}/call`, { headers: { Cookie: session } })).text(), /200 \{/, 'the API call works');

    const second = run({ ...env, PORT: '0', ESERVICE_PORT: '0', SIMULATORS_PORT: '0' });
    assert.equal(await second.exit, 1);
    assert.match(second.output(), /in use by process \d+/);

    first.child.kill('SIGTERM');
    assert.equal(await first.exit, 0);

    const again = run(env);
    await ready(again);
    const known = new Browser(origin);
    await known.open('/sign-in');
    const page = await known.submit({ identifier: person.national_code, password: 'zarafe-abi-kuh' });
    assert.ok(page.text.includes(person.first_name), 'the account is kept');
    again.child.kill('SIGTERM');
    assert.equal(await again.exit, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('in the embedded mode the examples are registered with keys of their own, and beside them the clients of clients.json', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-examples-'));
  const [port = 0, eservice = 0, simulators = 0] = await freePorts(3);
  const config = join(folder, 'config');
  cpSync('config', config, { recursive: true });
  const [, clients = ''] = /```json\n([\s\S]*?)\n```/.exec(readFileSync('docs/integrate.md', 'utf8')) ?? [];
  writeFileSync(join(config, 'clients.json'), clients);
  const issuer = `http://localhost:${port}`;
  const server = run({
    DATA_DIR: folder,
    CONFIG_DIR: relative('.', config),
    PORT: String(port),
    ESERVICE_PORT: String(eservice),
    SIMULATORS_PORT: String(simulators),
  });
  const audience = 'https://pensions.example/api';
  const api = await startApi({ port: 0, issuer, audience, calls: PENSIONS });
  try {
    await ready(server);
    const { machine } = JSON.parse(readFileSync(join(folder, 'examples.json'), 'utf8')) as { machine: object };
    assert.equal((await report({ issuer, key: machine, resource: audience, address: `${api.url}/history` })).status, 200);
    const challenge = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
    const request = { client_id: 'my-app', response_type: 'code', scope: 'openid', redirect_uri: 'http://localhost:8080/callback', ...challenge };
    const answer = await fetch(`${issuer}/auth?${new URLSearchParams(request)}`, { redirect: 'manual' });
    assert.match(answer.headers.get('location') ?? '', /\/interaction\//);
  } finally {
    server.child.kill('SIGTERM');
    await server.exit;
    await api.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a running server replaces its signing keys by itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-keys-'));
  const [port = 0, eservice = 0, simulators = 0] = await freePorts(3);
  const limits = { LIMIT_KEY_REREAD: '1', LIMIT_JWKS_CACHE_AGE: '1', LIMIT_KEY_PUBLISH_LEAD: '3', LIMIT_KEY_ROTATION: '4' };
  const server = run({ DATA_DIR: folder, PORT: String(port), ESERVICE_PORT: String(eservice), SIMULATORS_PORT: String(simulators), ...limits });
  const kids = async (): Promise<string[]> =>
    ((await (await fetch(`http://localhost:${port}/jwks`)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  try {
    await ready(server);
    const first = await kids();
    await until(async () => (await kids()).some((kid) => !first.includes(kid)), 'a further key');
    // The key that signs stands first.
    await until(async () => (await kids())[0] !== first[0], 'another key that signs');
  } finally {
    server.child.kill('SIGTERM');
    await server.exit;
    rmSync(folder, { recursive: true, force: true });
  }
});

test('in production every missing and wrong setting is told at once, and the process ends with 1', async () => {
  const wrong = run({ ISSUER: 'http://profile.example.org', DATABASE_URL: 'mysql://x', PORT: 'many', DATA_SECRET: 'short', LIMIT_SMS_PER_DAY: '-1' });
  assert.equal(await wrong.exit, 1);
  const text = wrong.output();
  for (const name of [
    'ISSUER: https',
    'DATABASE_URL: expected postgres',
    'REDIS_URL: missing',
    'COOKIE_SECRETS: missing',
    'DATA_SECRET: at least 32',
    'PAIRWISE_SECRET: missing',
    'UID_BUSINESS_TOKEN: missing',
    'KAVENEGAR_API_KEY: missing',
    'PORT: expected',
    'LIMIT_SMS_PER_DAY',
  ]) {
    assert.ok(text.includes(name), `${name} in:\n${text}`);
  }
  assert.doesNotMatch(text, /\n\s+at /, 'no stack trace');
});

test('production never falls back to an embedded store or a simulator', async () => {
  const secret = (letter: string): string => letter.repeat(40);
  const lonely = run({
    ISSUER: 'http://localhost:1',
    PORT: '0',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    REDIS_URL: 'redis://127.0.0.1:1',
    COOKIE_SECRETS: secret('a'),
    DATA_SECRET: secret('b'),
    PAIRWISE_SECRET: secret('c'),
    UID_BUSINESS_ID: 'x',
    UID_BUSINESS_TOKEN: 'x',
    KAVENEGAR_API_KEY: 'x',
  });
  assert.equal(await lonely.exit, 1);
  assert.doesNotMatch(lonely.output(), /simulators|sample e-service/);
});

test('a name that is no command starts nothing, and the answer names those that are', async () => {
  const wrong = run({}, ['rotate-key']);
  assert.equal(await wrong.exit, 1);
  const asked = run({}, ['--help']);
  assert.equal(await asked.exit, 0);
  const commands = [...readFileSync('src/main.ts', 'utf8').matchAll(/^ {2}\['([a-z-]+)'/gm)].map(([, name]) => name ?? '');
  assert.ok(commands.length >= 5);
  for (const command of commands) for (const { output } of [wrong, asked]) assert.ok(output().includes(`profile ${command} `), command);
  assert.match(wrong.output(), /no command "rotate-key"/);
});

test('what the embedded mode made at its first start stays, and what came with a later version is made once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-kept-'));
  try {
    const { sandbox: _, ...old } = embeddedSecrets(folder);
    writeFileSync(join(folder, 'secrets.json'), JSON.stringify(old));
    const later = embeddedSecrets(folder);
    assert.deepEqual({ ...later, sandbox: _ }, { ...old, sandbox: _ });
    assert.ok(later.sandbox && later.sandbox !== _);
    assert.deepEqual(embeddedSecrets(folder), later);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
