import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { addressDifference } from '#src/oidc/doctor/address-difference.ts';
import { type Checklist, goLiveChecklist, type Seen } from '#src/oidc/doctor/checklist.ts';
import { type ClientRegistration, errorFacts, type Facts } from '#src/oidc/doctor/facts.ts';
import { explain, FINDING_CODES, remarks, type Values } from '#src/oidc/doctor/findings.ts';
import { maskedAddress, maskedName } from '#src/oidc/doctor/mask.ts';
import { previewToken } from '#src/oidc/doctor/preview.ts';

const CLIENT: ClientRegistration = {
  clientId: 'rp',
  redirectUris: ['https://a.example/cb', 'https://b.example/other?x=1'],
  postLogoutRedirectUris: ['https://a.example/bye'],
  grantTypes: ['authorization_code'],
  responseTypes: ['code'],
  scopes: ['openid', 'profile'],
  authMethod: 'private_key_jwt',
  jwksUri: 'https://a.example/jwks',
  native: false,
};
const NOW = 1_800_000_000;
const FACTS: Facts = { endpoint: 'authorization', client: CLIENT, sent: {}, names: new Set(), usedAuthMethod: 'none', now: NOW };

test('addresses: every way in which one can differ, and the nearest registered one', () => {
  const table: readonly [sent: string, difference: string, registered?: string][] = [
    ['https://a.example/cb/', 'slash'],
    ['https://a.example/CB', 'case'],
    ['HTTPS://A.example/cb', 'case'],
    ['https://a.example/cb?x=1', 'query'],
    ['https://a.example/cb#here', 'fragment'],
    ['https://a.example/cb#', 'fragment'],
    ['http://a.example/cb', 'scheme'],
    ['https://a.example:8443/cb', 'port'],
    ['https://www.a.example/cb', 'host'],
    ['https://a.example/callback', 'path'],
    ['https://b.example/other', 'query', 'https://b.example/other?x=1'],
    ['https://b.example/other/?x=1', 'slash', 'https://b.example/other?x=1'],
    ['http://a.example:8080/cb/', 'several'],
    ['not an address', 'unreadable'],
  ];
  for (const [sent, difference, registered = 'https://a.example/cb'] of table) {
    const found = addressDifference(CLIENT.redirectUris, sent);
    assert.deepEqual([found?.difference, found?.registered], [difference, registered], sent);
  }
  assert.equal(addressDifference(['https://a.example'], 'https://a.example/')?.difference, 'slash');
  assert.equal(addressDifference(CLIENT.redirectUris, 'https://a.example/cb'), undefined);
  assert.equal(addressDifference([], 'https://a.example/cb')?.difference, 'none-registered');
});

type Case = { error: Record<string, unknown>; facts?: Partial<Facts>; code: string; values?: Values; level?: string };
const because = (...messages: string[]): object => messages.reduceRight<object>((cause, message) => Object.assign(new Error(message), { cause }), {});
const invalidClient = (detail: string, cause?: object): Record<string, unknown> => ({
  error: 'invalid_client',
  error_description: 'client authentication failed',
  error_detail: detail,
  cause,
});
const invalidGrant = (detail: string): Record<string, unknown> => ({
  error: 'invalid_grant',
  error_description: 'grant request is invalid',
  error_detail: detail,
});
const invalidRequest = (description: string): Record<string, unknown> => ({ error: 'invalid_request', error_description: description });
const redeeming = (more: Partial<Facts> = {}): Partial<Facts> => ({ endpoint: 'token', sent: { grant_type: 'authorization_code' }, ...more });

const CASES: readonly Case[] = [
  {
    error: { error: 'invalid_redirect_uri' },
    facts: { sent: { redirect_uri: 'https://a.example/cb/' } },
    code: 'address-slash',
    values: { parameter: 'redirect_uri', registered: 'https://a.example/cb', sent: 'https://a.example/cb/' },
  },
  {
    error: invalidRequest('post_logout_redirect_uri not registered'),
    facts: { sent: { post_logout_redirect_uri: 'https://a.example:1/bye' } },
    code: 'address-port',
    values: { parameter: 'post_logout_redirect_uri', registered: 'https://a.example/bye', sent: 'https://a.example:1/bye' },
  },
  {
    error: invalidGrant('authorization code redirect_uri mismatch'),
    facts: redeeming({
      sent: { grant_type: 'authorization_code', redirect_uri: 'https://b.example/' },
      code: { used: false, redirectUri: 'https://a.example/cb' },
    }),
    code: 'code-redirect',
    values: { expected: 'https://a.example/cb', sent: 'https://b.example/' },
  },
  { error: invalidRequest('Authorization Server policy requires PKCE to be used for this request'), code: 'pkce-missing' },
  { error: invalidRequest('code_challenge_method must be provided'), code: 'pkce-method-missing' },
  {
    error: invalidRequest('not supported value of code_challenge_method'),
    facts: { sent: { code_challenge_method: 'plain' } },
    code: 'pkce-method',
    values: { method: 'S256', sent: 'plain' },
  },
  { error: invalidRequest('code_challenge must be a string with a minimum length of 43 characters'), code: 'pkce-format' },
  { error: invalidGrant('code_verifier must be provided'), facts: redeeming(), code: 'verifier-missing' },
  { error: invalidGrant('code_verifier does not match code_challenge'), facts: redeeming(), code: 'verifier-wrong' },
  {
    error: invalidGrant('authorization code is expired'),
    facts: redeeming({ code: { used: false, expiredSeconds: 7 } }),
    code: 'code-expired',
    values: { seconds: 7 },
  },
  { error: invalidGrant('grant not found'), facts: redeeming({ code: { used: true } }), code: 'code-used' },
  { error: invalidGrant('already used'), facts: redeeming(), code: 'code-used' },
  { error: invalidGrant('authorization code not found'), facts: redeeming(), code: 'code-unknown' },
  { error: invalidGrant('refresh token already used'), facts: { sent: { grant_type: 'refresh_token' } }, code: 'refresh-used' },
  { error: invalidGrant('refresh token not found'), facts: { sent: { grant_type: 'refresh_token' } }, code: 'refresh-unknown' },
  { error: invalidGrant('grant not found'), facts: { sent: { grant_type: 'refresh_token' } }, code: 'grant-ended' },
  { error: invalidGrant('client mismatch'), facts: redeeming(), code: 'other-client' },
  { error: invalidClient('invalid secret provided'), code: 'secret-wrong' },
  {
    error: invalidClient('the provided authentication mechanism does not match the registered client authentication method'),
    facts: { usedAuthMethod: 'client_secret_post' },
    code: 'auth-method',
    values: { registered: 'private_key_jwt', used: 'client_secret_post' },
  },
  { error: invalidRequest('client authentication must only be provided using one mechanism'), code: 'auth-several' },
  { error: invalidClient('jwt expired', because('jwt expired')), facts: { assertion: { exp: NOW - 42 } }, code: 'assertion-expired', values: { seconds: 42 } },
  { error: invalidClient('jwt not active yet'), facts: { assertion: { nbf: NOW + 90 } }, code: 'assertion-early', values: { seconds: 90 } },
  { error: invalidClient('jwt issued in the future'), facts: { assertion: { iat: NOW + 5 } }, code: 'assertion-future', values: { seconds: 5 } },
  { error: invalidClient('alg mismatch'), code: 'assertion-algorithm' },
  { error: invalidClient('signature verification failed'), code: 'assertion-signature' },
  { error: invalidClient('client assertion tokens must only be used once'), code: 'assertion-replayed' },
  {
    error: invalidClient('audience (aud) must equal the endpoint url, issuer identifier or token endpoint url'),
    facts: { assertion: { audience: 'https://wrong.example/' } },
    code: 'assertion-audience',
    values: { sent: 'https://wrong.example/' },
  },
  {
    error: invalidClient('unique jti (JWT ID) must be provided in the client_assertion JWT'),
    code: 'assertion-claim',
    values: { claim: 'jti' },
  },
  { error: invalidClient('iss (JWT issuer) must be the client_id'), code: 'assertion-claim', values: { claim: 'iss' } },
  {
    error: invalidClient('invalid_client_metadata', because('client JSON Web Key Set failed to be refreshed', 'fetch failed', 'connect ECONNREFUSED')),
    code: 'jwks-unreachable',
    values: { uri: 'https://a.example/jwks' },
  },
  {
    error: invalidClient('x', because('client JSON Web Key Set failed to be refreshed', 'fetch failed', 'hostname resolves to a special-use IP address')),
    code: 'jwks-private',
  },
  {
    error: invalidClient(
      'x',
      because('client JSON Web Key Set failed to be refreshed', 'unexpected jwks_uri response status code, expected 200 OK, got 404 Not Found'),
    ),
    code: 'jwks-status',
    values: { uri: 'https://a.example/jwks', status: '404' },
  },
  {
    error: invalidClient('x', because('client JSON Web Key Set failed to be refreshed', `Unexpected token '<', "<html>" is not valid JSON`)),
    code: 'jwks-content',
  },
  {
    error: { error: 'invalid_scope', error_description: 'requested scope is not allowed' },
    facts: { sent: { scope: 'openid email' } },
    code: 'scope-not-registered',
    values: { sent: 'openid email', registered: 'openid profile' },
  },
  {
    error: invalidRequest('requested grant type is not allowed for this client'),
    facts: { sent: { grant_type: 'client_credentials' } },
    code: 'grant-not-registered',
    values: { sent: 'client_credentials', registered: 'authorization_code' },
  },
  { error: { error: 'unsupported_grant_type' }, facts: { sent: { grant_type: 'password' } }, code: 'grant-unsupported', values: { sent: 'password' } },
  { error: { error: 'unsupported_response_type' }, facts: { sent: { response_type: 'token' } }, code: 'response-type-unsupported', values: { sent: 'token' } },
  { error: invalidRequest('could not validate id_token_hint'), code: 'hint-bad' },
  { error: invalidRequest('client_id does not match the provided id_token_hint'), code: 'hint-other-client' },
  { error: invalidRequest(`missing required parameters 'code' and 'redirect_uri'`), code: 'parameter-missing', values: { names: 'code, redirect_uri' } },
  { error: invalidRequest(`'scope' parameter must not be provided twice`), code: 'parameter-twice', values: { names: 'scope' } },
  { error: { error: 'access_denied' }, code: 'refused', level: 'note' },
  { error: { error: 'login_required' }, code: 'needs-person', level: 'note' },
  { error: { error: 'server_error', error_description: 'ordered in the sandbox' }, code: 'ordered', level: 'note' },
  {
    error: {
      error: 'unmet_authentication_requirements',
      error_description: 'the demanded acr needs a code by SMS, which this client does not accept',
    },
    code: 'level-unreachable',
  },
  { error: { error: 'login_required', error_description: 'login prompt was not resolved' }, code: 'needs-person', level: 'note' },
  { error: { error: 'use_dpop_nonce', error_description: 'nonce is required in the DPoP proof' }, code: 'dpop-nonce', level: 'note' },
  { error: { error: 'use_dpop_nonce', error_description: 'DPoP proof iat is not recent enough, use a DPoP nonce instead' }, code: 'dpop-clock' },
  { error: { error: 'invalid_dpop_proof', error_description: 'DPoP proof htu mismatch' }, code: 'dpop-claim', values: { claim: 'htu' } },
  { error: { error: 'invalid_dpop_proof', error_description: 'DPoP proof must have a jti string property' }, code: 'dpop-claim', values: { claim: 'jti' } },
  { error: { error: 'invalid_dpop_proof', error_description: 'invalid DPoP key binding' }, code: 'dpop-format' },
  { error: invalidGrant('DPoP proof JWT not provided'), facts: redeeming(), code: 'dpop-missing' },
  { error: invalidGrant('DPoP proof JWT Replay detected'), facts: redeeming(), code: 'dpop-used' },
  { error: invalidGrant('DPoP proof key thumbprint does not match dpop_jkt'), facts: redeeming(), code: 'dpop-key' },
  {
    error: { error: 'invalid_target', error_description: 'the client is not registered for this resource' },
    facts: { sent: { resource: 'https://api.example/?x=1' } },
    code: 'target',
    values: { sent: 'https://api.example/?x=…' },
  },
  {
    error: { error: 'unsupported_token_type', error_description: 'Structured JWT Tokens cannot be introspected via the introspection_endpoint' },
    code: 'token-structured',
  },
  { error: invalidRequest('Pushed Authorization Request must be used'), code: 'request-not-pushed' },
  { error: invalidRequest('Request Object must be used by this client'), code: 'request-not-signed' },
  { error: { error: 'request_uri_not_supported' }, code: 'request-uri' },
  { error: { error: 'invalid_request_object', error_description: 'could not parse Request Object' }, code: 'request-object' },
  { error: invalidClient('alg must be one of PS256, ES256, EdDSA'), code: 'assertion-algorithm' },
  { error: { message: 'boom', expose: false }, code: 'ours' },
  {
    error: { error: 'strange_thing', error_description: 'by person 0084575948' },
    code: 'other',
    values: { error: 'strange_thing', description: 'by person …' },
  },
];

for (const { error, facts = {}, code, values, level = 'error' } of CASES) {
  test(`«${String(error['error_detail'] ?? error['error_description'] ?? error['error'] ?? error['message'])}» is ${code}`, () => {
    const finding = explain(errorFacts(error), { ...FACTS, ...facts });
    assert.equal(finding.code, code);
    assert.equal(finding.level, level);
    if (values) assert.deepEqual(finding.values, values);
  });
}

test('every finding has a text in both languages whose values it gives', () => {
  const texts = ['fa', 'en'].map((language) => JSON.parse(readFileSync(`locales/${language}.json`, 'utf8')).doctor.findings as Record<string, string>);
  for (const text of texts) assert.deepEqual(Object.keys(text).sort(), [...FINDING_CODES].sort());
  for (const { error, facts = {} } of CASES) {
    const { code, values } = explain(errorFacts(error), { ...FACTS, ...facts });
    assert.ok(FINDING_CODES.includes(code), code);
    const wanted = (texts[1]?.[code]?.match(/\{\w+\}/g) ?? []).map((name) => name.slice(1, -1));
    assert.deepEqual([...new Set(wanted)].sort(), Object.keys(values).sort(), code);
  }
});

test('a successful request without state or nonce, or with an unknown scope, is remarked on', () => {
  const known = ['openid', 'profile'];
  const codes = (names: string[], scope: string) => remarks({ names: new Set(names), sent: { scope } }, known).map(({ code, level }) => `${level} ${code}`);
  assert.deepEqual(codes(['state', 'nonce'], 'openid'), []);
  assert.deepEqual(codes([], 'openid'), ['warning state-missing', 'warning nonce-missing']);
  assert.deepEqual(codes(['state'], 'profile'), []);
  assert.deepEqual(codes(['state', 'nonce'], 'openid photos'), ['warning scope-unknown']);
});

test('what is kept of a text holds no value: no query, no credentials, no number, no mailbox, no token', () => {
  assert.equal(maskedAddress('https://u:p@a.example/cb?code=abc&state=xyz#token=1'), 'https://…@a.example/cb?code=…&state=…#…');
  assert.equal(maskedAddress('https://a.example/p/0084575948'), 'https://a.example/p/…');
  assert.equal(maskedAddress('https://a.example/p/۰۰۸۴۵۷۵۹۴۸'), 'https://a.example/p/…');
  assert.equal(maskedAddress('https://a.example/who/somebody@example.test/x'), 'https://a.example/who/…/x');
  assert.equal(maskedAddress('https://a.example/t/k7JHd7shdhHGDSJ38dhsj3874hGDHSHD73hd'), 'https://a.example/t/…');
  assert.equal(maskedAddress('https://a.example:8443/cb'), 'https://a.example:8443/cb');
  assert.equal(maskedName('openid profile'), 'openid profile');
  assert.ok(maskedName('x y '.repeat(500)).length <= 301);
});

test('the checklist says what was seen, not what is promised', () => {
  const at = 1_800_000_000_000;
  const all: Seen = Object.fromEntries(
    ['state', 'nonce', 'pkce', 'exact-redirect', 'logout', 'back-channel', 'refresh-rotation', 'success'].map((name) => [name, { ok: true, at }]),
  );
  const live: ClientRegistration = { ...CLIENT, grantTypes: ['authorization_code', 'refresh_token'], backChannelUri: 'https://a.example/back' };
  const row = ({ rows }: Checklist, item: string) => rows.find((one) => one.item === item);
  const good = goLiveChecklist(live, all);
  assert.equal(good.met, good.of);
  assert.equal(row(good, 'success')?.detail.values['at'], new Date(at).toISOString());

  const fresh = goLiveChecklist(live, {});
  assert.deepEqual(
    fresh.rows.filter(({ ok }) => ok).map(({ item }) => item),
    ['https-redirects', 'no-loopback'],
  );
  assert.equal(row(fresh, 'back-channel')?.detail.code, 'not-tested');
  assert.equal(row(goLiveChecklist(CLIENT, {}), 'back-channel')?.detail.code, 'not-registered');
  assert.deepEqual(row(goLiveChecklist(live, { 'back-channel': { ok: false, at } }), 'back-channel')?.detail, {
    code: 'notice-failed',
    values: { at: new Date(at).toISOString(), uri: 'https://a.example/back' },
  });
  assert.deepEqual(row(goLiveChecklist(CLIENT, {}), 'refresh-rotation'), {
    item: 'refresh-rotation',
    ok: true,
    detail: { code: 'not-needed', values: {} },
  });
  assert.equal(row(goLiveChecklist(live, { ...all, state: { ok: false, at } }), 'state')?.detail.code, 'last-without');

  const local = goLiveChecklist({ ...live, redirectUris: ['http://localhost:8080/cb'] }, all);
  assert.deepEqual(
    local.rows.filter(({ ok }) => !ok).map(({ item }) => item),
    ['https-redirects', 'no-loopback'],
  );
  const native = goLiveChecklist({ ...live, native: true, redirectUris: ['org.example.app:/cb'] }, all);
  assert.equal(row(native, 'https-redirects')?.ok, true);
  const machine = goLiveChecklist({ ...CLIENT, responseTypes: [], redirectUris: [], grantTypes: ['client_credentials'] }, all);
  assert.ok(!row(machine, 'pkce'), 'a client that signs nobody in needs no PKCE');
});

test('a preview: an unregistered scope is refused, a resource moves the claims into the ID token and closes userinfo', () => {
  const account = {
    subject: 's',
    identifier: { kind: 'national', value: '0084575948' },
    mobile: '+989120000000',
    emailVerified: false,
    person: { firstName: 'زهرا', lastName: 'کریمی', fatherName: 'محمود', birthDate: '1991-10-04' },
    passwordHash: '',
    disabled: false,
    sessionsFrom: 0,
    createdAt: 0,
    passwordChangedAt: 0,
  } as const;
  const rules = {
    issuer: 'https://id.example',
    idTokenLifetime: 600,
    pairwise: (sector: string, subject: string) => `${sector}/${subject}`,
    now: () => NOW * 1000,
  };
  const client = { clientId: 'rp', sector: 'a.example', scopes: ['openid', 'profile'], grantTypes: ['authorization_code'] };
  const shown = previewToken({ client, account, scopes: ['openid', 'profile', 'phone', 'offline_access', 'odd'] }, rules);
  assert.deepEqual(shown.granted, ['openid', 'profile']);
  assert.deepEqual(shown.refused, ['phone', 'offline_access', 'odd']);
  assert.equal(shown.idToken?.['sub'], 'a.example/s');
  assert.equal(shown.idToken?.['name'], undefined);
  assert.equal(shown.userinfo?.['name'], 'زهرا کریمی');
  assert.equal(shown.userinfo?.['phone_number'], undefined);
  const forApi = previewToken({ client, account, scopes: ['openid', 'profile'], resource: 'https://api.example' }, rules);
  assert.equal(forApi.idToken?.['name'], 'زهرا کریمی');
  assert.equal(forApi.userinfo, undefined);
  assert.equal(previewToken({ client, account, scopes: ['profile'] }, rules).idToken, undefined);
});
