import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import { readApis } from '#src/oidc/apis.ts';
import { readClients, storedClient } from '#src/oidc/clients.ts';
import type { Browser } from '../support/browser.ts';
import { seedExamples } from '../support/examples.ts';
import { signedUp } from '../support/signed-up.ts';
import { type Started, start } from '../support/start.ts';

const guides = ['docs/integrate.md', 'docs/integrate.fa.md'].map((path) => readFileSync(path, 'utf8'));
const CALLBACK = 'http://localhost:8080/callback';
const SECRET = randomBytes(32).toString('base64url');
let s: Started;
let browser: Browser;
let folder: string;
before(async () => {
  s = await start();
  await seedExamples(s);
  folder = mkdtempSync(join(tmpdir(), 'profile-guide-'));
  ({ browser } = await signedUp(s));
});
after(async () => {
  rmSync(folder, { recursive: true });
  await s.close();
});

/** The JSON examples of a guide, as an operator would save them. */
const saved = (guide: string): string[] =>
  [...guide.matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, text = ''], index) => {
    const file = join(folder, `${guide.length}-${index}.json`);
    writeFileSync(file, text.replace(/"0{64}"/, JSON.stringify(createHash('sha256').update(SECRET).digest('hex'))));
    return file;
  });

/** A relying party and the browser of its person: `ask` opens a request and returns the verifier of its PKCE, `redeem` takes the code it came back with. */
const visit = (configuration: oidc.Configuration) => ({
  async ask(params: Readonly<Record<string, string>>): Promise<string> {
    const verifier = oidc.randomPKCECodeVerifier();
    const pkce = { code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' };
    await browser.open(oidc.buildAuthorizationUrl(configuration, { redirect_uri: CALLBACK, ...pkce, ...params }).href);
    return verifier;
  },
  redeem: (verifier: string) => oidc.authorizationCodeGrant(configuration, new URL(browser.page.url), { pkceCodeVerifier: verifier }),
});

test('both guides register the same client and API, and with them people sign in as the guide says', async () => {
  const [english, persian] = guides.map(saved);
  assert.deepEqual(
    english?.map((file) => JSON.parse(readFileSync(file, 'utf8'))),
    persian?.map((file) => JSON.parse(readFileSync(file, 'utf8'))),
  );
  const [clients = '', apis = ''] = english ?? [];
  assert.equal(readApis(apis).length, 1);
  assert.equal(await s.stores.durable.clients.seed(readClients(clients)), 1);
  const configuration = await oidc.discovery(new URL(s.origin), 'my-app', { id_token_signed_response_alg: 'RS256' }, oidc.ClientSecretBasic(SECRET), {
    execute: [oidc.allowInsecureRequests],
  });
  const { ask, redeem } = visit(configuration);
  const tokens = await redeem(await ask({ scope: 'openid profile phone' }));
  const claims = tokens.claims();
  assert.deepEqual([claims?.['given_name'], typeof claims?.['acr'], typeof claims?.auth_time], [undefined, 'string', 'number']);
  assert.ok((await oidc.fetchUserInfo(configuration, tokens.access_token, claims?.sub ?? '')).given_name);
  assert.equal((await redeem(await ask({ scope: 'openid offline_access' }))).refresh_token, undefined, 'without prompt=consent');
  const verifier = await ask({ scope: 'openid offline_access', prompt: 'consent' });
  await browser.submit({ action: 'allow' });
  const first = await redeem(verifier);
  assert.ok((await oidc.refreshTokenGrant(configuration, first.refresh_token ?? '')).refresh_token);
});

test('an access token of an API holds what the guide lists, and is not for userinfo', async () => {
  await s.stores.durable.clients.seed([
    storedClient({
      client_id: 'reader',
      names: { fa: 'خواننده', en: 'Reader' },
      first_party: true,
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
      resources: { 'https://pensions.example/api': ['pensions.read'] },
    }),
  ]);
  const configuration = await oidc.discovery(new URL(s.origin), 'reader', undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
  const { ask, redeem } = visit(configuration);
  const { access_token: token } = await redeem(await ask({ scope: 'openid pensions.read', resource: 'https://pensions.example/api' }));
  const [header = '', payload = ''] = token.split('.');
  assert.equal(JSON.parse(Buffer.from(header, 'base64url').toString()).typ, 'at+jwt');
  const line = /`typ: at\+jwt`[^\n]*/.exec(guides[0] ?? '')?.[0] ?? '';
  for (const claim of Object.keys(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object)) assert.ok(line.includes(`\`${claim}\``), claim);
  assert.equal((await fetch(`${s.origin}/me`, { headers: { Authorization: `Bearer ${token}` } })).status, 401);
});

test('errors are the ones that the guides cure', async () => {
  const base = { client_id: 'eservices', response_type: 'code', redirect_uri: 'http://localhost:9/callback', scope: 'openid' };
  const pkce = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
  const asked = async (params: Record<string, string>): Promise<string> => {
    const { url, status } = await s.browser().open(`/auth?${new URLSearchParams({ ...base, ...pkce, ...params })}`);
    return new URL(url.replace('#', '?')).searchParams.get('error') ?? String(status);
  };
  const basic = `Basic ${btoa(`eservices:${s.secrets.eservices}`)}`;
  const posted = async (form: Record<string, string>, headers: Record<string, string> = { Authorization: basic }): Promise<string> =>
    ((await (await fetch(`${s.origin}/token`, { method: 'POST', headers, body: new URLSearchParams(form) })).json()) as { error: string }).error;
  const spa = { grant_type: 'authorization_code', client_id: 'spa', code: 'x', redirect_uri: 'http://localhost:3301/', code_verifier: 'y'.repeat(43) };
  const table: readonly (readonly [expected: string, found: Promise<string>])[] = [
    ['400', asked({ client_id: 'nobody' })],
    ['400', asked({ redirect_uri: 'http://localhost:9/Callback' })],
    ['invalid_request', asked({ code_challenge: '', code_challenge_method: '' })],
    ['login_required', asked({ prompt: 'none' })],
    ['invalid_scope', asked({ client_id: 'spa', redirect_uri: 'http://localhost:3301/', scope: 'openid national_id' })],
    ['invalid_target', asked({ resource: 'https://pensions.example/api' })],
    ['unsupported_response_type', asked({ response_type: 'token' })],
    ['request_uri_not_supported', asked({ request_uri: 'https://x.example/request' })],
    ['invalid_client', posted({ grant_type: 'client_credentials' }, { Authorization: `Basic ${btoa('eservices:no')}` })],
    ['invalid_grant', posted({ grant_type: 'refresh_token', refresh_token: 'x' })],
    ['invalid_dpop_proof', posted(spa, { DPoP: 'a.b.c' })],
  ];
  for (const [expected, found] of table) {
    assert.equal(await found, expected);
    if (expected !== '400') for (const guide of guides) assert.ok(guide.includes(`\`${expected}\``), expected);
  }
});

test('a device shows a code and waits as the guide says', async () => {
  const grant = 'urn:ietf:params:oauth:grant-type:device_code';
  await s.stores.durable.clients.seed([
    storedClient({
      client_id: 'television',
      names: { fa: 'تلویزیون', en: 'Television' },
      first_party: true,
      grant_types: [grant],
      redirect_uris: [],
      token_endpoint_auth_method: 'none',
    }),
  ]);
  const post = async (path: string, form: Record<string, string>) =>
    (await (await fetch(s.origin + path, { method: 'POST', body: new URLSearchParams({ client_id: 'television', ...form }) })).json()) as Record<
      string,
      unknown
    >;
  const device = await post('/device/auth', { scope: 'openid' });
  assert.equal(device['expires_in'], 600);
  assert.deepEqual(Object.keys(device).filter((name) => ['user_code', 'verification_uri', 'device_code'].includes(name)).length, 3);
  assert.equal((await post('/token', { grant_type: grant, device_code: String(device['device_code']) }))['error'], 'authorization_pending');
});
