import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { hashSecret, storedClient } from '#src/oidc/clients.ts';
import type { Browser } from '../support/browser.ts';
import { people, type RelyingParty, relyingParty, signUp } from '../support/journey.ts';
import { RELYING_PARTY, type Started, start } from '../support/start.ts';

const OPERATOR = randomBytes(32).toString('base64url');
const POST_SECRET = 'p'.repeat(43);

let s: Started;
let person: SyntheticPerson;
let rp: RelyingParty;
let club: RelyingParty;
let browser: Browser;
let jwksServer: ReturnType<typeof createServer>;
before(async () => {
  s = await start({ OPERATOR_TOKEN: OPERATOR });
  person = people(s)[0] as SyntheticPerson;
  browser = s.browser();
  jwksServer = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
  const jwksPort = await new Promise<number>((resolve) => jwksServer.once('listening', () => resolve((jwksServer.address() as { port: number }).port)));
  const common = {
    names: { fa: 'سامانه', en: 'RP' },
    first_party: true,
    start_url: `${RELYING_PARTY}/`,
    redirect_uris: [`${RELYING_PARTY}/callback`],
    scope: 'openid profile',
    grant_types: ['authorization_code'],
  };
  await s.stores.durable.clients.seed([
    storedClient({ ...common, client_id: 'poster', token_endpoint_auth_method: 'client_secret_post', secret_hash: hashSecret(POST_SECRET) }),
    storedClient({ ...common, client_id: 'signer', token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [await ownKey()] } }),
    storedClient({ ...common, client_id: 'remote', token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `http://127.0.0.1:${jwksPort}/jwks` }),
  ]);
  await signUp(s, browser, person);
  [rp, club] = await Promise.all([relyingParty(s), relyingParty(s, 'club')]);
});
after(async () => {
  jwksServer.close();
  await s.close();
});

let privateKey: CryptoKey;
async function ownKey(): Promise<object> {
  const pair = await generateKeyPair('ES256', { extractable: true });
  privateKey = pair.privateKey;
  return { ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
}

type Found = { code: string; level: string; endpoint: string; values: Record<string, unknown>; text: { fa: string; en: string }; at: string };
type Row = { item: string; ok: boolean; detail: { code: string }; title: { fa: string }; text: { en: string } };

const api = (path: string, init: RequestInit = {}, token: string = OPERATOR): Promise<Response> =>
  fetch(`${s.origin}/api/clients/${path}`, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } });

async function findings(client: string): Promise<readonly Found[]> {
  await s.app.drained();
  const response = await api(`${client}/doctor`);
  assert.equal(response.status, 200);
  return ((await response.json()) as { findings: Found[] }).findings;
}
const newest = async (client = 'eservices'): Promise<Found> => (await findings(client))[0] as Found;

const form = (path: string, fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${s.origin}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json', ...headers },
    body: new URLSearchParams(fields),
  });
const basic = (id: string, secret: string) => ({ Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` });
const own = () => basic('eservices', s.secrets.eservices);

async function code(extra: Readonly<Record<string, string>> = {}): Promise<{ code: string; verifier: string }> {
  const request = await rp.request(extra);
  const { url } = await browser.open(request.url);
  return { code: new URL(url).searchParams.get('code') ?? '', verifier: request.verifier };
}
const redeem = (fields: Readonly<Record<string, string>>): Promise<Response> =>
  form('/token', { grant_type: 'authorization_code', redirect_uri: `${RELYING_PARTY}/callback`, ...fields }, own());

test('without the operator’s token nothing is told; where none is set there is no such address', async () => {
  for (const path of ['eservices/doctor', 'eservices/checklist']) {
    assert.equal((await fetch(`${s.origin}/api/clients/${path}`)).status, 401);
    assert.equal((await api(path, {}, `${OPERATOR}x`)).status, 401);
    assert.equal((await api(path, {}, OPERATOR)).status, 200);
  }
  assert.equal((await fetch(`${s.origin}/api/clients/eservices/preview`, { method: 'POST' })).status, 401);
  assert.equal((await api('nobody/doctor')).status, 404);
  assert.equal((await api('portal/doctor')).status, 404);
  const plain = await start();
  try {
    for (const path of ['eservices/doctor', 'eservices/checklist']) {
      const response = await fetch(`${plain.origin}/api/clients/${path}`, { headers: { Authorization: `Bearer ${OPERATOR}` } });
      assert.equal(response.status, 404, path);
    }
  } finally {
    await plain.close();
  }
});

test('redirect_uri: what differs is told in both languages, and the value of its query is not kept', async () => {
  const request = await rp.request({ redirect_uri: `${RELYING_PARTY}/callback/` });
  await browser.open(request.url);
  const slash = await newest();
  assert.equal(slash.code, 'address-slash');
  assert.equal(slash.text.en, `redirect_uri differs in the last slash: registered ${RELYING_PARTY}/callback, sent ${RELYING_PARTY}/callback/`);
  assert.match(slash.text.fa, /خط مورب پایانی/);
  const query = await rp.request({ redirect_uri: `${RELYING_PARTY}/callback?who=${person.code}` });
  await browser.open(query.url);
  assert.deepEqual([(await newest()).code, (await newest()).values['sent']], ['address-query', `${RELYING_PARTY}/callback?who=…`]);
});

test('authorization: PKCE missing, response type, scope that is not registered', async () => {
  const base = { client_id: 'poster', redirect_uri: `${RELYING_PARTY}/callback`, scope: 'openid', response_type: 'code', state: 'st', nonce: 'no' };
  const ask = (more: Record<string, string>) => browser.open(`/auth?${new URLSearchParams({ ...base, ...more })}`);
  const pkce = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' };
  for (const [more, expected] of [
    [{}, 'pkce-missing'],
    [{ ...pkce, code_challenge_method: 'plain' }, 'pkce-method'],
    [{ ...pkce, response_type: 'token' }, 'response-type-unsupported'],
    [{ ...pkce, scope: 'openid email' }, 'scope-not-registered'],
    [{ ...pkce, prompt: 'dance' }, 'prompt'],
  ] as const) {
    await ask(more);
    assert.equal((await newest('poster')).code, expected);
  }
});

test('token: wrong and missing verifier, a code used twice, a code that came late, an unknown one', async () => {
  const first = await code();
  await redeem({ code: first.code });
  assert.equal((await newest()).code, 'verifier-missing');
  await redeem({ code: first.code, code_verifier: 'x'.repeat(43) });
  assert.equal((await newest()).code, 'verifier-wrong');
  await form(
    '/token',
    { grant_type: 'authorization_code', code: first.code, code_verifier: first.verifier, redirect_uri: `${RELYING_PARTY}/elsewhere` },
    own(),
  );
  const elsewhere = await newest();
  assert.deepEqual([elsewhere.code, elsewhere.values['expected']], ['code-redirect', `${RELYING_PARTY}/callback`]);

  const twice = await code();
  assert.equal((await redeem({ code: twice.code, code_verifier: twice.verifier })).status, 200);
  for (let again = 0; again < 2; again += 1) {
    await redeem({ code: twice.code, code_verifier: twice.verifier });
    assert.equal((await newest()).code, 'code-used');
  }

  const late = await code();
  await s.pass(75);
  await redeem({ code: late.code, code_verifier: late.verifier });
  const expired = await newest();
  assert.equal(expired.code, 'code-expired');
  assert.ok(Math.abs(Number(expired.values['seconds']) - 15) <= 2, String(expired.values['seconds']));
  await redeem({ code: 'never-was', code_verifier: late.verifier });
  assert.equal((await newest()).code, 'code-unknown');
});

test('token: wrong secret, wrong method, grant types', async () => {
  await form('/token', { grant_type: 'client_credentials' }, basic('eservices', 'wrong'));
  assert.equal((await newest()).code, 'secret-wrong');
  // The library takes basic and post for one another; an assertion it does not.
  await form('/token', { grant_type: 'authorization_code' }, basic('signer', 'secret'));
  const method = await newest('signer');
  assert.deepEqual([method.code, method.values], ['auth-method', { registered: 'private_key_jwt', used: 'client_secret_basic' }]);
  await form('/token', { grant_type: 'client_credentials', client_id: 'poster', client_secret: POST_SECRET });
  assert.equal((await newest('poster')).code, 'grant-not-registered');
  await form('/token', { grant_type: 'password', client_id: 'poster', client_secret: POST_SECRET });
  assert.equal((await newest('poster')).code, 'grant-unsupported');
  await form('/token', { grant_type: 'authorization_code', client_id: 'poster', client_secret: POST_SECRET });
  assert.deepEqual([(await newest('poster')).code, (await newest('poster')).values['names']], ['parameter-missing', 'code, redirect_uri']);
});

test('client assertions: clocks, audience, signature, and a key set that cannot be had', async () => {
  const now = Math.floor(Date.now() / 1000);
  const send = async (client: string, claims: Record<string, unknown>, key: CryptoKey = privateKey): Promise<Found> => {
    const assertion = await new SignJWT({ iss: client, sub: client, aud: s.origin, jti: randomBytes(8).toString('hex'), iat: now, exp: now + 60, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .sign(key);
    await form('/token', {
      grant_type: 'authorization_code',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    });
    return newest(client);
  };
  const expired = await send('signer', { iat: now - 200, exp: now - 120 });
  assert.equal(expired.code, 'assertion-expired');
  assert.ok(Math.abs(Number(expired.values['seconds']) - 120) <= 3);
  assert.equal((await send('signer', { nbf: now + 300 })).code, 'assertion-early');
  assert.equal((await send('signer', { aud: 'https://elsewhere.example' })).values['sent'], 'https://elsewhere.example');
  const { privateKey: foreign } = await generateKeyPair('ES256');
  assert.equal((await send('signer', {}, foreign)).code, 'assertion-signature');
  // The library never fetches a key set from a loopback address (SSRF).
  assert.equal((await send('remote', {})).code, 'jwks-private');
  jwksServer.close();
  jwksServer.closeAllConnections();
  assert.match((await send('remote', {})).code, /jwks-(unreachable|private)/);
});

test('PAR, introspection, revocation and sign-out are heard too', async () => {
  await form('/request', { client_id: 'eservices', redirect_uri: `${RELYING_PARTY}/callback`, response_type: 'code', scope: 'openid' }, own());
  assert.deepEqual([(await newest()).endpoint, (await newest()).code], ['par', 'pkce-missing']);
  await form('/token/introspection', {}, own());
  assert.deepEqual([(await newest()).endpoint, (await newest()).code], ['introspection', 'parameter-missing']);
  await form('/token/revocation', { token: 'x' }, basic('eservices', 'wrong'));
  assert.deepEqual([(await newest()).endpoint, (await newest()).code], ['revocation', 'secret-wrong']);
  await browser.open(`/session/end?${new URLSearchParams({ client_id: 'eservices', post_logout_redirect_uri: `${RELYING_PARTY}/bye` })}`);
  assert.deepEqual([(await newest()).endpoint, (await newest()).code], ['logout', 'address-path']);
  await browser.open(`/session/end?${new URLSearchParams({ client_id: 'eservices', id_token_hint: 'no.token.here' })}`);
  assert.deepEqual([(await newest()).endpoint, (await newest()).code], ['logout', 'hint-bad']);
  // A token without openid does not open userinfo.
  const request = await rp.request({ scope: 'profile' });
  const address = new URL(request.url);
  address.searchParams.delete('nonce');
  const { url } = await browser.open(address.href);
  const given = await redeem({ code: new URL(url).searchParams.get('code') ?? '', code_verifier: request.verifier });
  const { access_token: token } = (await given.json()) as { access_token: string };
  assert.equal((await fetch(`${s.origin}/me`, { headers: { Authorization: `Bearer ${token}`, Accept: 'application/json' } })).status, 403);
  assert.deepEqual([(await newest()).endpoint, (await newest()).code], ['userinfo', 'scope-openid']);
});

test('a success without state and nonce is a warning, once a day, and the checklist follows the newest request', async () => {
  const rows = async (): Promise<Record<string, Row>> => {
    await s.app.drained();
    const { rows: all } = (await (await api('club/checklist')).json()) as { rows: Row[] };
    return Object.fromEntries(all.map((one) => [one.item, one]));
  };
  const before = await rows();
  assert.equal(before['pkce']?.detail.code, 'never');
  assert.equal(before['no-loopback']?.ok, false);

  const bare = await club.request();
  const address = new URL(bare.url);
  for (const name of ['state', 'nonce']) address.searchParams.delete(name);
  await browser.open(address.href);
  const end = await browser.submit({ action: 'allow' });
  assert.ok(end.url.includes('code='), end.url);
  await browser.open(address.href);
  const codes = (await findings('club')).map(({ code: one }) => one);
  assert.deepEqual(codes.filter((one) => one === 'state-missing' || one === 'nonce-missing').sort(), ['nonce-missing', 'state-missing']);
  const bareRows = await rows();
  assert.deepEqual([bareRows['state']?.ok, bareRows['nonce']?.ok, bareRows['pkce']?.ok, bareRows['exact-redirect']?.ok], [false, false, true, true]);
  assert.equal(bareRows['state']?.detail.code, 'last-without');

  const whole = await club.request({ scope: 'openid profile phone offline_access', prompt: 'consent' });
  await browser.open(whole.url);
  const back = await browser.submit({ action: 'allow' });
  const tokens = await club.exchange(back.url, whole);
  await oidc.refreshTokenGrant(club.configuration, tokens.refresh_token ?? '');
  const wholeRows = await rows();
  for (const item of ['state', 'nonce', 'pkce', 'refresh-rotation', 'success']) assert.equal(wholeRows[item]?.ok, true, item);
  assert.equal(wholeRows['logout']?.ok, false);

  await browser.open(`/session/end?${new URLSearchParams({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: `${RELYING_PARTY}/` })}`);
  const action = /action="([^"]+)"/.exec(browser.page.text)?.[1] ?? '';
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(browser.page.text)?.[1] ?? '';
  await browser.submit({ xsrf, logout: 'yes' }, new URL(action, s.origin).href);
  assert.equal((await rows())['logout']?.ok, true);
  await browser.open('/sign-in');
  await browser.submit({ identifier: person.code, password: 'zarafe-abi-kuh' });
});

test('the preview is what a real sign-in gives, for a first party and for a third party', async () => {
  for (const [client, party] of [
    ['eservices', rp],
    ['club', club],
  ] as const) {
    const scope = 'openid profile phone';
    const request = await party.request({ scope });
    let end = await browser.open(request.url);
    if (end.status === 200) end = await browser.submit({ action: 'allow' });
    const tokens = await party.exchange(end.url, request);
    const real = tokens.claims() as Record<string, unknown>;
    const userinfo = await oidc.fetchUserInfo(party.configuration, tokens.access_token, String(real['sub']));
    const response = await api(`${client}/preview`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identifier: { kind: 'national', value: person.code }, scopes: scope.split(' ') }),
    });
    assert.equal(response.status, 200);
    const shown = (await response.json()) as { id_token: Record<string, unknown>; userinfo: Record<string, unknown>; examples: string[] };
    const steady = (claims: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(claims).filter(([name]) => !shown.examples.includes(name) && name !== 'nonce' && name !== 'at_hash'));
    assert.deepEqual(steady(shown.id_token), steady(real), client);
    assert.deepEqual(shown.userinfo, userinfo, client);
    for (const name of shown.examples) assert.equal(typeof shown.id_token[name], typeof real[name], name);
  }
  const ask = (body: unknown) => api('club/preview', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  assert.equal((await ask({ subject: 'nobody', scopes: ['openid'] })).status, 404);
  assert.equal((await ask({ scopes: ['openid'] })).status, 400);
  assert.equal((await ask('x')).status, 400);
});

test('a client whose registration contradicts itself: both say so, in both languages, and the preview has nothing to show', async () => {
  await s.stores.durable.clients.seed([
    storedClient({
      client_id: 'contradicts',
      names: { fa: 'سامانه', en: 'RP' },
      first_party: false,
      start_url: `${RELYING_PARTY}/`,
      redirect_uris: [`${RELYING_PARTY}/callback`],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'CN=x',
    }),
  ]);
  const [finding, ...more] = await findings('contradicts');
  assert.deepEqual([finding?.code, finding?.endpoint, more.length], ['registration', 'registration', 0]);
  for (const text of Object.values(finding?.text ?? {})) assert.match(text, /token_endpoint_auth_method must be/);
  const list = (await (await api('contradicts/checklist')).json()) as { rows: Row[]; score: object };
  assert.deepEqual(list.score, { met: 0, of: 1 });
  assert.match(list.rows[0]?.text.en ?? '', /token_endpoint_auth_method must be/);
  assert.ok(list.rows[0]?.title.fa);
  const preview = { identifier: { kind: 'national', value: person.code }, scopes: ['openid'] };
  const shown = await api('contradicts/preview', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(preview) });
  assert.equal(shown.status, 404);
});

test('a failure of the store fails no request', async () => {
  const { append } = s.stores.ephemeral;
  const gone = (): Promise<never> => Promise.reject(new Error('gone'));
  s.stores.ephemeral.append = gone;
  const refused = await form('/token', { grant_type: 'password', client_id: 'poster', client_secret: POST_SECRET });
  await s.app.drained();
  s.stores.ephemeral.append = append;
  assert.equal(refused.status, 400);
  assert.equal(((await refused.json()) as { error: string }).error, 'unsupported_grant_type');
  assert.ok(s.logged.some((line) => line.includes('doctor.failed')));
});

test('at most a hundred are kept, and nothing of a person, no code, token, secret, state or nonce is among them', async () => {
  for (let index = 0; index < 110; index += 1) await form('/token', { grant_type: 'password', client_id: 'poster', client_secret: POST_SECRET });
  assert.equal((await findings('poster')).length, 100);

  const request = await rp.request({ redirect_uri: `${RELYING_PARTY}/callback/${person.code}/${person.mobile}`, login_hint: person.code });
  await browser.open(request.url);
  const late = await code();
  await redeem({ code: late.code, code_verifier: 'v'.repeat(43) });
  await s.app.drained();
  const kept = JSON.stringify(
    await Promise.all(['eservices', 'club', 'poster', 'signer', 'remote'].map((client) => s.stores.ephemeral.list(`doctor:findings:${client}`))),
  );
  assert.ok(kept.length > 1000);
  const account = await s.stores.durable.accounts.findByIdentifier({ kind: 'national', value: person.code });
  for (const [what, value] of Object.entries({
    code: person.code,
    mobile: person.mobile,
    first: person.firstName,
    last: person.lastName,
    subject: account?.subject,
    state: request.state,
    nonce: request.nonce,
    authorization: late.code,
    verifier: late.verifier,
    secret: s.secrets.eservices,
    post: POST_SECRET,
  }))
    assert.ok(value && !kept.includes(value), what);
});
