import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { derOf, FIRST, SECOND } from '../support/certificates.ts';
import { api, type Registered, register } from '../support/clients.ts';
import { signedUp } from '../support/signed-up.ts';
import { start } from '../support/start.ts';

/** RFC 8705 behind a proxy that ends TLS: what counts is what its two headers say. */
const s = await start({ CLIENT_CERTIFICATE_HEADER: 'X-Client-Cert' });
after(() => s.close());
const RECORDS = 'https://records.example.test/';
await s.stores.durable.apis.seed([api(RECORDS)]);

const machine = (fields: Readonly<Record<string, unknown>>): Promise<Registered> =>
  register(s, { grant_types: ['client_credentials'], redirect_uris: [], resources: { [RECORDS]: ['record:read'] }, ...fields });
const ask = (rp: Registered, headers: Record<string, string>): Promise<Response> =>
  fetch(`${s.origin}/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: rp.configuration.clientMetadata().client_id, resource: RECORDS }),
  });
const shown = (pem: string, verified: string): Record<string, string> => ({ 'X-Client-Cert': encodeURIComponent(pem), 'X-Client-Verify': verified });
const statusOf = async (rp: Registered, headers: Record<string, string>): Promise<number> => (await ask(rp, headers)).status;
const thumbprint = (pem: string): string => Buffer.from(new X509Certificate(pem).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');

test('by subject and authority, and tokens bound to the certificate', async () => {
  const rp = await machine({
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=client.example,O=Synthetic Relying Party,C=IR',
    tls_client_certificate_bound_access_tokens: true,
  });
  const answer = await ask(rp, shown(FIRST, 'SUCCESS'));
  assert.equal(answer.status, 200);
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${s.origin}/jwks`)));
  assert.deepEqual(payload['cnf'], { 'x5t#S256': thumbprint(FIRST) });
  assert.equal(await statusOf(rp, { ...shown(FIRST, 'SUCCESS'), 'X-Client-Cert': `:${derOf(FIRST)}:` }), 200, 'RFC 9440');
  assert.equal(await statusOf(rp, shown(FIRST, 'FAILED')), 401);
  assert.equal(await statusOf(rp, shown(SECOND, 'SUCCESS')), 401);
  assert.equal(await statusOf(rp, {}), 401);
  assert.equal(await statusOf(rp, { ...shown(FIRST, 'SUCCESS'), 'X-Client-Cert': 'nonsense%' }), 401);
});

for (const [field, own] of [
  ['tls_client_auth_subject_dn', 'CN=second.example,O=Synthetic Relying Party\\, Second,C=IR'],
  ['tls_client_auth_san_dns', 'second.example'],
  ['tls_client_auth_san_uri', 'https://second.example/client'],
  ['tls_client_auth_san_ip', '192.0.2.7'],
  ['tls_client_auth_san_email', 'client@second.example'],
] as const)
  test(`by ${field}, and by no other name of the certificate`, async () => {
    const [right, wrong] = [own, `${own}x`];
    const of = (value: string) => machine({ token_endpoint_auth_method: 'tls_client_auth', [field]: value });
    const rp = await of(right);
    assert.equal(await statusOf(rp, shown(SECOND, 'SUCCESS')), 200);
    assert.equal(await statusOf(rp, shown(SECOND, 'NONE')), 401, 'of an authority that the proxy does not know');
    assert.equal(await statusOf(rp, shown(FIRST, 'SUCCESS')), 401);
    assert.equal(await statusOf(await of(wrong), shown(SECOND, 'SUCCESS')), 401);
  });

test('self-signed: by a certificate of its own key set, which no authority need have signed', async () => {
  const jwk = { ...new X509Certificate(FIRST).publicKey.export({ format: 'jwk' }), x5c: [derOf(FIRST)], kid: 'own', use: 'sig' };
  const rp = await machine({
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks: { keys: [jwk] },
    tls_client_certificate_bound_access_tokens: true,
  });
  const answer = await ask(rp, shown(FIRST, 'FAILED:self-signed certificate'));
  assert.equal(answer.status, 200);
  const { payload } = await jwtVerify(((await answer.json()) as { access_token: string }).access_token, createRemoteJWKSet(new URL(`${s.origin}/jwks`)));
  assert.deepEqual(payload['cnf'], { 'x5t#S256': thumbprint(FIRST) });
  assert.equal(await statusOf(rp, shown(SECOND, 'SUCCESS')), 401, 'another certificate, however well signed');
  assert.equal(await statusOf(rp, {}), 401);
});

test('introspection names the certificate that a token is bound to', async () => {
  const OPAQUE = 'https://sealed.example.test/';
  await s.stores.durable.apis.seed([api(OPAQUE, 'opaque')]);
  const rp = await machine({
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_dns: 'second.example',
    tls_client_certificate_bound_access_tokens: true,
    resources: { [OPAQUE]: ['record:read'] },
  });
  const client_id = String(rp.configuration.clientMetadata().client_id);
  const post = async (path: string, form: Record<string, string>): Promise<Record<string, unknown>> =>
    (await fetch(s.origin + path, { method: 'POST', headers: shown(SECOND, 'SUCCESS'), body: new URLSearchParams({ client_id, ...form }) })).json() as Promise<
      Record<string, unknown>
    >;
  const { access_token: token } = await post('/token', { grant_type: 'client_credentials', resource: OPAQUE });
  const seen = await post('/token/introspection', { token: String(token) });
  assert.equal(seen['active'], true);
  assert.deepEqual(seen['cnf'], { 'x5t#S256': thumbprint(SECOND) }, 'the API compares it with the certificate of its own connection');
});

test('a person’s token that is bound to a certificate is worth nothing without it', async () => {
  const { browser } = await signedUp(s);
  const rp = await register(s, {
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_dns: 'second.example',
    tls_client_certificate_bound_access_tokens: true,
  });
  const { url, checks } = await rp.request();
  const code = new URL((await browser.open(url)).url).searchParams.get('code') ?? '';
  const form = {
    client_id: String(rp.configuration.clientMetadata().client_id),
    grant_type: 'authorization_code',
    code,
    redirect_uri: rp.redirectUri,
    code_verifier: String(checks.pkceCodeVerifier),
  };
  const answer = await fetch(`${s.origin}/token`, { method: 'POST', headers: shown(SECOND, 'SUCCESS'), body: new URLSearchParams(form) });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const look = async (headers: Record<string, string>) => (await fetch(`${s.origin}/me`, { headers: { Authorization: `Bearer ${token}`, ...headers } })).status;
  assert.equal(await look(shown(SECOND, 'SUCCESS')), 200);
  assert.equal(await look({}), 401);
  assert.equal(await look(shown(FIRST, 'SUCCESS')), 401);
});
