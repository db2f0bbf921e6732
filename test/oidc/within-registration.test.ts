import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { api, keyPair, type Registered, register, SECRET } from '../support/clients.ts';
import { errorOf } from '../support/errors.ts';
import { hiddenFields } from '../support/hidden-fields.ts';
import { signedUp } from '../support/signed-up.ts';
import { start } from '../support/start.ts';

/** Nothing gives a client more than it is registered for, by whatever way it asks. */
const SEALED = 'https://sealed.example.test/';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const THIRD = { first_party: false, subject_type: 'pairwise' };

const s = await start({ LIMIT_DEVICE_CODE_LIFETIME: '1800' });
const { person, browser } = await signedUp(s);
await s.stores.durable.apis.seed([api(SEALED, 'opaque')]);
after(() => s.close());

const idOf = (rp: Registered): string => String(rp.configuration.clientMetadata().client_id);
const post = (path: string, form: Readonly<Record<string, string>>, rp?: Registered, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${s.origin}${path}`, {
    method: 'POST',
    headers: { ...(rp ? { Authorization: `Basic ${Buffer.from(`${idOf(rp)}:${SECRET}`).toString('base64')}` } : {}), ...headers },
    body: new URLSearchParams(form),
  });

/** The whole code flow of a signed-in person who allows what is asked. */
async function flow(rp: Registered, extra: Readonly<Record<string, string>> = {}): Promise<oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers> {
  const request = await rp.request(extra);
  const page = await browser.open(request.url);
  const end = /\/consent$/.test(page.url) ? await browser.submit({ action: 'allow' }) : page;
  return oidc.authorizationCodeGrant(rp.configuration, new URL(end.url), request.checks);
}
const userinfo = ({ access_token: token }: { access_token: string }, rp: Registered) => oidc.fetchUserInfo(rp.configuration, token, oidc.skipSubjectCheck);

/** An operator changes a registration in the database. */
const changes = new Map<string, object>();
const stored = s.stores.durable.clients;
const find = stored.find.bind(stored);
stored.find = async (id) => {
  const client = await find(id);
  return client && { ...client, metadata: { ...client.metadata, ...changes.get(id) } };
};
async function change(rp: Registered, fields: object): Promise<void> {
  changes.set(idOf(rp), fields);
  await s.pass(3);
}

test('a single claim is given only where the client is registered for a scope that opens it', async () => {
  const rp = await register(s, { scope: 'openid profile' });
  const claims = JSON.stringify({ id_token: { national_id: { essential: true }, given_name: null }, userinfo: { phone_number: null } });
  const tokens = await flow(rp, { scope: 'openid', claims });
  assert.equal(tokens.claims()?.['given_name'], person.firstName);
  assert.equal(tokens.claims()?.['national_id'], undefined);
  assert.equal((await userinfo(tokens, rp)).phone_number, undefined);
});

test('a claim that was refused once is given when its scope is allowed later', async () => {
  const rp = await register(s, THIRD);
  const first = await flow(rp, { scope: 'openid', claims: JSON.stringify({ userinfo: { phone_number: null } }) });
  assert.equal((await userinfo(first, rp)).phone_number, undefined, 'nobody allowed it');
  const second = await flow(rp, { scope: 'openid phone' });
  assert.ok((await userinfo(second, rp)).phone_number);
});

test('a refresh token gives no scope and no claim that its client has lost', async () => {
  const rp = await register(s);
  const claims = JSON.stringify({ userinfo: { phone_number: null } });
  const tokens = await flow(rp, { scope: 'openid profile national_id offline_access', prompt: 'consent', claims });
  await change(rp, { scope: 'openid profile offline_access' });
  const again = await oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token ?? '');
  assert.equal(again.scope, 'openid profile offline_access');
  const info = await userinfo(again, rp);
  assert.equal(info.given_name, person.firstName);
  assert.deepEqual([info['national_id'], info.phone_number], [undefined, undefined]);
});

test('an API introspects the tokens that are for it; who may only call it does not', async () => {
  const [caller, other] = await Promise.all([1, 2].map(() => register(s, { resources: { [SEALED]: ['record:read'] } })));
  const itself = await register(s, { introspects: [SEALED] });
  assert.ok(caller && other);
  const { access_token: token } = await flow(caller, { scope: 'openid record:read', resource: SEALED });
  assert.equal((await oidc.tokenIntrospection(caller.configuration, token)).active, true);
  assert.equal((await oidc.tokenIntrospection(itself.configuration, token)).active, true);
  assert.deepEqual(await oidc.tokenIntrospection(other.configuration, token), { active: false });
});

test('the token of a disabled account is not active', async () => {
  const rp = await register(s);
  const tokens = await flow(rp, { scope: 'openid offline_access', prompt: 'consent' });
  const { records, accounts } = s.stores.durable;
  const { findGrant, findRefreshToken } = records;
  const { find: findAccount } = accounts;
  const disabled = <T extends object>(found: T): T => ({
    ...found,
    ...('account' in found ? { account: { ...(found.account as object), disabled: true } } : {}),
  });
  records.findGrant = async (...asked) => disabled(await findGrant.apply(records, asked));
  records.findRefreshToken = async (...asked) => disabled(await findRefreshToken.apply(records, asked));
  accounts.find = async (subject) => {
    const account = await findAccount.call(accounts, subject);
    return account && { ...account, disabled: true };
  };
  try {
    for (const token of [tokens.access_token, tokens.refresh_token ?? ''])
      assert.deepEqual(await oidc.tokenIntrospection(rp.configuration, token), { active: false });
    assert.equal((await fetch(`${s.origin}/me`, { headers: { Authorization: `Bearer ${tokens.access_token}` } })).status, 401);
  } finally {
    Object.assign(records, { findGrant, findRefreshToken });
    accounts.find = findAccount;
  }
  assert.equal((await oidc.tokenIntrospection(rp.configuration, tokens.access_token)).active, true);
});

test('an assertion is not good for longer than a day', async () => {
  const { key, kid, jwks } = await keyPair();
  const fields = { grant_types: ['client_credentials'], redirect_uris: [], jwks, token_endpoint_auth_method: 'private_key_jwt' };
  const rp = await register(s, fields, oidc.PrivateKeyJwt({ key, kid }));
  const ask = async (end: string): Promise<number> => {
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid })
      .setIssuer(idOf(rp))
      .setSubject(idOf(rp))
      .setAudience(s.origin)
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime(end)
      .sign(key);
    const form = {
      grant_type: 'client_credentials',
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    };
    return (await post('/token', form)).status;
  };
  assert.deepEqual([await ask('1h'), await ask('2000y')], [200, 401]);
});

test('the origin of nobody is no client’s, though an application’s address has none', async () => {
  const rp = await register(
    s,
    { token_endpoint_auth_method: 'none', application_type: 'native', redirect_uris: ['com.example.app:/callback', 'https://app.example.test/callback'] },
    oidc.None(),
  );
  const allowed = async (origin: string): Promise<string | null> =>
    (await post('/token', { grant_type: 'authorization_code', code: 'x', client_id: idOf(rp) }, undefined, { Origin: origin })).headers.get(
      'access-control-allow-origin',
    );
  assert.equal(await allowed('null'), null);
  assert.equal(await allowed('https://app.example.test'), 'https://app.example.test');
});

test('two applications of third parties cannot join what they know of a person', async () => {
  const subjectOf = async (name: string): Promise<string> => {
    const redirectUri = `${name}:/callback`;
    const rp = await register(s, { ...THIRD, token_endpoint_auth_method: 'none', application_type: 'native', redirect_uris: [redirectUri] }, oidc.None());
    const request = await rp.request({ redirect_uri: redirectUri });
    await browser.open(request.url);
    const end = await browser.submit({ action: 'allow' });
    const code = new URL(end.url).searchParams.get('code') ?? '';
    const answer = await post('/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: idOf(rp),
      code_verifier: String(request.checks.pkceCodeVerifier),
    });
    const { id_token: token } = (await answer.json()) as { id_token: string };
    return (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub;
  };
  assert.notEqual(await subjectOf('com.example.one'), await subjectOf('com.example.two'));
});

test('a third party at several hosts, and one with a device, are served under the sector that an operator named', async () => {
  const hosts = { redirect_uris: ['https://a.example.test/callback', 'https://b.example.test/callback'] };
  const several = await register(s, { ...THIRD, ...hosts, pairwise_sector: 'example.test' });
  const page = await browser.open((await several.request({ redirect_uri: hosts.redirect_uris[1] ?? '' })).url);
  assert.match(page.url, /\/consent$/);
  const device = await register(s, { ...THIRD, grant_types: [DEVICE], redirect_uris: [], pairwise_sector: 'example.test' });
  assert.ok((await oidc.initiateDeviceAuthorization(device.configuration, { scope: 'openid' })).user_code);
});

test('a code of a device is good once for as long as it lives', async () => {
  const rp = await register(s, { grant_types: [DEVICE], redirect_uris: [] });
  const started = await oidc.initiateDeviceAuthorization(rp.configuration, { scope: 'openid profile' });
  const confirm = await browser.submit({ ...hiddenFields((await browser.open('/device')).text), user_code: started.user_code });
  await browser.submit(hiddenFields(confirm.text));
  const poll = () => errorOf(oidc.genericGrantRequest(rp.configuration, DEVICE, { device_code: started.device_code }));
  assert.equal(await poll(), 'no error');
  await s.pass(700);
  assert.equal(await poll(), 'invalid_grant');
});

test('tokens that are to be bound to a certificate are not issued where no certificate can come', async () => {
  const { key, kid, jwks } = await keyPair();
  const fields = {
    grant_types: ['client_credentials'],
    redirect_uris: [],
    jwks,
    token_endpoint_auth_method: 'private_key_jwt',
    resources: { [SEALED]: ['record:read'] },
  };
  const rp = await register(s, { ...fields, tls_client_certificate_bound_access_tokens: true }, oidc.PrivateKeyJwt({ key, kid }));
  assert.equal(await errorOf(oidc.clientCredentialsGrant(rp.configuration, { resource: SEALED, scope: 'record:read' })), 'invalid_client_metadata');
});

test('a NUL in a name is a name that nobody has, not a fault of ours', async () => {
  const rp = await register(s);
  assert.equal((await fetch(`${s.origin}/auth?client_id=a%00b&response_type=code`)).status, 400);
  assert.equal(await errorOf(rp.request({ resource: 'https://x.example.test/\0' }, { pushed: true })), 'invalid_target');
  // What was pushed is opened only when the browser comes with it.
  assert.match((await browser.open((await rp.request({ nonce: 'a\0b', scope: 'openid offline_access' }, { pushed: true })).url)).url, /error=invalid_request/);
  const answers = [
    post('/token', { grant_type: 'authorization_code', code: 'x', client_id: 'a\0b' }),
    post('/token', { grant_type: 'refresh_token', refresh_token: 'a\0b' }, rp),
    post('/token/introspection', { token: 'a\0b' }, rp),
  ];
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status }) => status),
    [401, 400, 200],
  );
});
