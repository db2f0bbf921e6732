import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { TOKEN_EXCHANGE } from '#src/oidc/token-exchange.ts';
import { api, keyPair, type Registered, register, SECRET } from '../support/clients.ts';
import { errorOf } from '../support/errors.ts';
import { hiddenFields } from '../support/hidden-fields.ts';
import { PASSWORD } from '../support/journey.ts';
import { signedUp } from '../support/signed-up.ts';
import { start } from '../support/start.ts';

const RECORDS = 'https://records.example.test/';
const PAYMENTS = 'https://payments.example.test/';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

const s = await start({ CONFORMANCE: 'yes', CLIENT_CERTIFICATE_HEADER: 'X-Client-Cert' });
const { person, browser } = await signedUp(s);
await s.stores.durable.apis.seed([api(RECORDS), api(PAYMENTS)]);
after(() => s.close());

const jwks = () => createRemoteJWKSet(new URL(`${s.origin}/jwks`));

/** The whole code flow of a signed-in person. */
async function flow(
  rp: Registered,
  extra: Readonly<Record<string, string>> = {},
  how: { pushed?: boolean; DPoP?: oidc.DPoPHandle; token?: Record<string, string> } = {},
) {
  const request = await rp.request(extra, how);
  const end = await browser.open(request.url);
  assert.match(end.url, /[?&]code=/, `${end.url} ${end.text.slice(0, 400)}`);
  return oidc.authorizationCodeGrant(rp.configuration, new URL(end.url), request.checks, how.token, how.DPoP ? { DPoP: how.DPoP } : {});
}

test('a pushed request with DPoP: the token is bound to the key, and a bearer of it is turned away', async () => {
  const rp = await register(s, { dpop_bound_access_tokens: true, require_pushed_authorization_requests: true });
  const DPoP = oidc.getDPoPHandle(rp.configuration, await oidc.randomDPoPKeyPair('ES256'));
  const tokens = await flow(rp, {}, { pushed: true, DPoP });
  assert.equal(tokens.token_type, 'dpop');
  const claims = await oidc.fetchUserInfo(rp.configuration, tokens.access_token, tokens.claims()?.sub ?? '', { DPoP });
  assert.equal(claims.given_name, person.firstName);
  for (const scheme of ['Bearer', 'DPoP']) {
    const stolen = await fetch(`${s.origin}/me`, { headers: { Authorization: `${scheme} ${tokens.access_token}` } });
    assert.ok(stolen.status === 400 || stolen.status === 401, `${scheme}: ${stolen.status}`);
  }
  const front = await browser.open((await rp.request()).url);
  assert.match(front.url, /error=invalid_request/, 'a request that was not pushed');
});

test('a pushed request is good once', async () => {
  const rp = await register(s);
  const request = await rp.request({}, { pushed: true });
  assert.match((await browser.open(request.url)).url, /code=/);
  const again = await browser.open(request.url);
  assert.equal(again.status, 400);
  assert.match(again.text, /[2-9A-Z]{3}-[2-9A-Z]{3}/, 'a page with a reference');
});

test('a client that is registered so must use the nonce of the server in its proofs', async () => {
  const rp = await register(s, { dpop_bound_access_tokens: true, dpop_nonce: true });
  const keys = await oidc.randomDPoPKeyPair('ES256');
  const request = await rp.request();
  const end = await browser.open(request.url);
  const code = new URL(end.url).searchParams.get('code') ?? '';
  const { exportJWK } = await import('jose');
  const proof = async (nonce?: string): Promise<Response> =>
    fetch(`${s.origin}/token`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Authorization: `Basic ${Buffer.from(`${rp.configuration.clientMetadata().client_id}:${SECRET}`).toString('base64')}`,
        DPoP: await new SignJWT({ htm: 'POST', htu: `${s.origin}/token`, jti: crypto.randomUUID(), ...(nonce ? { nonce } : {}) })
          .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(keys.publicKey) })
          .setIssuedAt()
          .sign(keys.privateKey),
      },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: rp.redirectUri,
        code_verifier: String(request.checks.pkceCodeVerifier),
      }),
    });
  const refused = await proof();
  assert.equal(((await refused.json()) as { error: string }).error, 'use_dpop_nonce');
  const accepted = await proof(refused.headers.get('dpop-nonce') ?? '');
  assert.equal(accepted.status, 200);
  assert.equal(((await accepted.json()) as { token_type: string }).token_type, 'DPoP');
});

test('a signed request is believed, an unsigned one is not where a signature is demanded, and the answer is signed too', async () => {
  const { key, kid, jwks: keys } = await keyPair();
  const rp = await register(s, {
    jwks: keys,
    request_object_signing_alg: 'ES256',
    require_signed_request_object: true,
    authorization_signed_response_alg: 'ES256',
  });
  const { configuration } = rp;
  oidc.useJwtResponseMode(configuration);
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const url = await oidc.buildAuthorizationUrlWithJAR(
    configuration,
    {
      redirect_uri: rp.redirectUri,
      scope: 'openid profile',
      state,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    },
    { key, kid },
  );
  const end = await browser.open(url.href);
  assert.match(end.url, /[?&]response=ey/, end.text.slice(0, 300));
  assert.doesNotMatch(end.url, /[?&]code=/);
  const tokens = await oidc.authorizationCodeGrant(configuration, new URL(end.url), { pkceCodeVerifier, expectedState: state });
  assert.ok(tokens.access_token);
  const bare = await browser.open((await rp.request()).url);
  assert.match(bare.url + bare.text, /error=invalid_request|response=ey/);
});

test('an answer by form_post comes as a form that sends itself, under the policy for scripts', async () => {
  const rp = await register(s);
  const request = await rp.request({ response_mode: 'form_post' });
  const page = await browser.open(request.url);
  assert.equal(page.status, 200);
  assert.match(page.text, new RegExp(`action="${rp.redirectUri}"`));
  const hash = /script-src 'self' ('sha256-[^']+')/.exec(page.headers.get('content-security-policy') ?? '')?.[1];
  assert.ok(hash, 'the hash of the one script stands in the policy');
  const fields = Object.fromEntries([...page.text.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  assert.ok(fields['code'] && fields['state'] === request.checks.expectedState && fields['iss'], JSON.stringify(Object.keys(fields)));
  const limited = await register(s, { response_modes: ['query'] });
  const refused = await browser.open((await limited.request({ response_mode: 'form_post' })).url);
  assert.match(refused.url + refused.text, /invalid_request|unsupported_response_mode|[2-9A-Z]{3}-[2-9A-Z]{3}/);
  assert.doesNotMatch(refused.url + refused.text, /name="code"|[?&]code=/);
});

test('a posted authorization request goes on as GET, so that the session counts', async () => {
  const rp = await register(s);
  const request = await rp.request();
  const fields = Object.fromEntries(new URL(request.url).searchParams);
  const end = await browser.post(`${s.origin}/auth`, fields, { Origin: 'https://rp.example.test', 'Sec-Fetch-Site': 'cross-site' });
  assert.match(end.url, /[?&]code=/);
});

test('single claims by the claims parameter', async () => {
  const rp = await register(s);
  const claims = JSON.stringify({ id_token: { national_id: { essential: true } }, userinfo: { phone_number: null } });
  const tokens = await flow(rp, { scope: 'openid', claims });
  assert.equal(tokens.claims()?.['national_id'], person.code);
  const info = await oidc.fetchUserInfo(rp.configuration, tokens.access_token, tokens.claims()?.sub ?? '');
  assert.ok(info.phone_number);
  assert.equal(info.given_name, undefined);
});

test('a registered API gets JWT access tokens of RFC 9068, only for clients and scopes that are registered for it', async () => {
  const rp = await register(s, { resources: { [RECORDS]: ['record:read'] } });
  const tokens = await flow(rp, { scope: 'openid record:read record:write', resource: RECORDS });
  const { payload, protectedHeader } = await jwtVerify(tokens.access_token, jwks(), { issuer: s.origin, audience: RECORDS, typ: 'at+jwt' });
  assert.equal(protectedHeader.alg, 'ES256');
  assert.equal(payload['scope'], 'record:read');
  assert.equal(payload.sub, tokens.claims()?.sub);
  assert.equal(payload['client_id'], rp.configuration.clientMetadata().client_id);
  assert.ok(payload.jti && payload['auth_time'] && payload['acr'] && Array.isArray(payload['amr']));
  const stranger = await register(s);
  assert.match((await browser.open((await stranger.request({ resource: RECORDS })).url)).url, /error=invalid_target/);
});

test('a machine speaks for itself, with an assertion that is good once', async () => {
  const { key, kid, jwks: keys } = await keyPair();
  const authentication = oidc.PrivateKeyJwt({ key, kid });
  const rp = await register(
    s,
    {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      jwks: keys,
      token_endpoint_auth_method: 'private_key_jwt',
      resources: { [RECORDS]: ['record:read'] },
    },
    authentication,
  );
  const tokens = await oidc.clientCredentialsGrant(rp.configuration, { resource: RECORDS, scope: 'record:read' });
  const { payload } = await jwtVerify(tokens.access_token, jwks(), { audience: RECORDS });
  assert.equal(payload.sub, rp.configuration.clientMetadata().client_id);

  const id = rp.configuration.clientMetadata().client_id;
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(s.origin)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(key);
  const ask = async (): Promise<number> => {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      resource: RECORDS,
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    return (await fetch(`${s.origin}/token`, { method: 'POST', body })).status;
  };
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  assert.equal(answers.filter((status) => status === 200).length, 1);
});

test('a device without a keyboard: the person types its code and allows it, and the code is good once', async () => {
  const rp = await register(s, { grant_types: [DEVICE], redirect_uris: [] });
  const started = await oidc.initiateDeviceAuthorization(rp.configuration, { scope: 'openid profile' });
  assert.match(started.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  const poll = () => oidc.genericGrantRequest(rp.configuration, DEVICE, { device_code: started.device_code });
  assert.equal(await errorOf(poll()), 'authorization_pending');

  const input = await browser.open('/device');
  const wrong = await browser.submit({ ...hiddenFields(input.text), user_code: 'BBBB-BBBB' });
  assert.equal(wrong.status, 422);
  assert.match(wrong.text, /id="user_code-error"/);
  const confirm = await browser.submit({ ...hiddenFields(wrong.text), user_code: started.user_code.toLowerCase().replace('-', ' ') });
  assert.match(confirm.text, new RegExp(started.user_code));
  assert.match(confirm.text, /سامانه آزمون/);
  const english = s.browser();
  english.plant('lang', 'en');
  const first = await english.open('/device');
  assert.match((await english.submit({ ...hiddenFields(first.text), user_code: started.user_code })).text, /“Test service” wants/);
  const done = await browser.submit(hiddenFields(confirm.text));
  assert.match(done.text, /دستگاه وارد شد/);

  const answers = await Promise.all(Array.from({ length: 20 }, () => errorOf(poll())));
  assert.equal(answers.filter((answer) => answer === 'no error').length, 1);
  assert.ok(
    answers.every((answer) => answer === 'no error' || answer === 'invalid_grant'),
    `${answers}`,
  );
});

test('guesses at the codes of devices are counted', async () => {
  const limited = await start({ LIMIT_DEVICE_CODES_PER_ADDRESS: '3' });
  try {
    const stranger = limited.browser();
    const first = await stranger.open('/device');
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(first.text)?.[1] ?? '';
    const statuses: number[] = [];
    for (let tries = 0; tries < 4; tries += 1) statuses.push((await stranger.submit({ xsrf, user_code: 'BBBB-BBBB' }, `${limited.origin}/device`)).status);
    assert.deepEqual(statuses.slice(-1), [429]);
  } finally {
    await limited.close();
  }
});

test('token exchange: from and to registered APIs, never wider, with the actor named, and ended by the sign-out of the grant', async () => {
  const front = await register(s, { resources: { [RECORDS]: ['record:read', 'record:write'] } });
  const service = await register(s, {
    grant_types: [TOKEN_EXCHANGE],
    redirect_uris: [],
    resources: { [PAYMENTS]: ['record:read', 'record:write'] },
    token_exchange: { from: [RECORDS], to: [PAYMENTS] },
  });
  const request = await front.request({ scope: 'openid record:read offline_access', resource: RECORDS, prompt: 'consent' });
  await browser.open(request.url);
  const end = await browser.submit({ action: 'allow' });
  const tokens = await oidc.authorizationCodeGrant(front.configuration, new URL(end.url), request.checks);
  const exchange = (more: Record<string, string> = {}, by: Registered = service) =>
    oidc.genericGrantRequest(by.configuration, TOKEN_EXCHANGE, {
      subject_token: tokens.access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: PAYMENTS,
      ...more,
    });
  const got = await exchange();
  assert.equal(got['issued_token_type'], 'urn:ietf:params:oauth:token-type:access_token');
  const { payload } = await jwtVerify(got.access_token, jwks(), { audience: PAYMENTS, issuer: s.origin });
  assert.equal(payload.sub, tokens.claims()?.sub);
  assert.equal(payload['scope'], 'record:read');
  assert.deepEqual(payload['act'], { sub: service.configuration.clientMetadata().client_id });
  const before = await jwtVerify(tokens.access_token, jwks());
  assert.ok((payload.exp ?? 0) <= (before.payload.exp ?? 0));

  assert.equal(await errorOf(exchange({ scope: 'record:write' })), 'invalid_scope');
  assert.equal(await errorOf(exchange({ resource: RECORDS })), 'invalid_target');
  assert.equal(await errorOf(exchange({ subject_token: `${tokens.access_token.slice(0, -4)}AAAA` })), 'invalid_request');
  assert.equal(await errorOf(exchange({ subject_token: tokens.id_token ?? '' })), 'invalid_request');
  assert.equal(await errorOf(exchange({ actor_token: 'x' })), 'invalid_request');
  assert.equal(await errorOf(exchange({}, front)), 'unauthorized_client', 'a client that is not registered for it');
  await oidc.tokenRevocation(front.configuration, tokens.refresh_token ?? '');
  assert.equal(await errorOf(exchange()), 'invalid_request', 'the grant has ended');
});

test('one switch makes a client a FAPI 2.0 client', async () => {
  const { key, kid, jwks: keys } = await keyPair('PS256');
  const fields = { jwks: keys, token_endpoint_auth_method: 'private_key_jwt', security_profile: 'fapi2', id_token_signed_response_alg: 'PS256' };
  const rp = await register(s, fields, oidc.PrivateKeyJwt({ key, kid }));
  const own = s.browser();
  await own.open('/sign-in');
  await own.submit({ identifier: person.code, password: PASSWORD });
  const DPoP = oidc.getDPoPHandle(rp.configuration, await oidc.randomDPoPKeyPair('ES256'));
  const request = await rp.request({}, { pushed: true, DPoP });
  const end = await own.open(request.url);
  const tokens = await oidc.authorizationCodeGrant(rp.configuration, new URL(end.url), request.checks, undefined, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  assert.equal(decodeProtectedHeader(tokens.id_token ?? '').alg, 'PS256');
  assert.match((await own.open((await rp.request()).url)).url, /error=invalid_request/, 'not pushed');

  const old = await keyPair('RS256');
  const weak = await register(s, { ...fields, jwks: old.jwks, token_endpoint_auth_signing_alg: 'RS256' }, oidc.PrivateKeyJwt({ key: old.key, kid: old.kid }));
  assert.equal(await errorOf(weak.request({}, { pushed: true })), 'invalid_client', 'RS256 is not of the profile');
});

test('the floor of a client holds whatever it asks, and SMS does not count where it is forbidden', async () => {
  const floor = await register(s, { acr_floor: 'urn:profile:2' });
  const own = s.browser();
  await own.open('/sign-in');
  await own.submit({ identifier: person.code, password: PASSWORD });
  const end = await own.open((await floor.request({ acr_values: 'urn:profile:1' })).url);
  assert.match(end.url, /sign-in-code$/);
  const without = await register(s, { sms_forbidden: true });
  assert.match((await own.open((await without.request({ acr_values: 'urn:profile:2' })).url)).url, /error=unmet_authentication_requirements/);
});

test('lifetimes of a client are shorter, never longer, than those of the server', async () => {
  const short = await register(s, { access_token_lifetime: 60, id_token_lifetime: 30 });
  const own = s.browser();
  await own.open('/sign-in');
  await own.submit({ identifier: person.code, password: PASSWORD });
  const get = async (rp: Registered) => {
    const request = await rp.request();
    return oidc.authorizationCodeGrant(rp.configuration, new URL((await own.open(request.url)).url), request.checks);
  };
  const tokens = await get(short);
  assert.equal(tokens.expires_in, 60);
  assert.equal((tokens.claims()?.exp ?? 0) - (tokens.claims()?.iat ?? 0), 30);
  assert.equal((await get(await register(s, { access_token_lifetime: 999_999 }))).expires_in, 900);
});

test('scripts may call only from registered origins', async () => {
  const rp = await register(s, { token_endpoint_auth_method: 'none', allowed_origins: ['https://spa.example.test'] }, oidc.None());
  const call = (origin: string) =>
    fetch(`${s.origin}/token`, {
      method: 'POST',
      headers: { Origin: origin },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x', client_id: rp.configuration.clientMetadata().client_id }),
    });
  assert.equal((await call('https://spa.example.test')).headers.get('access-control-allow-origin'), 'https://spa.example.test');
  assert.equal((await call('https://evil.example.test')).headers.get('access-control-allow-origin'), null);
});

test('a third party asks for an API in its own words, and gets it only when allowed', async () => {
  const rp = await register(s, { first_party: false, subject_type: 'pairwise', resources: { [RECORDS]: ['record:read'] } });
  const own = s.browser();
  await own.open('/sign-in');
  await own.submit({ identifier: person.code, password: PASSWORD });
  const request = await rp.request({ scope: 'openid record:read', resource: RECORDS });
  const page = await own.open(request.url);
  assert.match(page.text, /سابقه بیمه/);
  assert.match(page.text, /دیدن سابقه/);
  const end = await own.submit({ action: 'allow' });
  const tokens = await oidc.authorizationCodeGrant(rp.configuration, new URL(end.url), request.checks);
  const { payload } = await jwtVerify(tokens.access_token, jwks(), { audience: RECORDS });
  assert.equal(payload['scope'], 'record:read');
  assert.equal(payload.sub, tokens.claims()?.sub, 'pairwise, like the ID token');
});

/** Self-signed, synthetic, public half only. */
