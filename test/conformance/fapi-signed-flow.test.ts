import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { CITIZEN } from '#src/conformance.ts';
import { parseClients } from '#src/oidc/clients.ts';
import type { Started } from '../support/start.ts';
import { throughLibrary } from './fapi-library.ts';
import { assertError, type FapiParty, fapiParty, now } from './fapi-party.ts';
import { CALLBACK, startConformance } from './relying-party.ts';

let s: Started;
let party: FapiParty;
before(async () => {
  s = await startConformance();
  party = await fapiParty(s, 'conformance-ms-1');
});
after(() => s.close());

/** RFC 9701 §4: the answer is signed for whoever asks for it so. */
const introspected = async (token: string): Promise<Response> =>
  party.post('/token/introspection', { token, ...(await party.authenticated()) }, { Accept: 'application/token-introspection+jwt' });
const verified = async (response: Response) => {
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^application\/token-introspection\+jwt/);
  return jwtVerify(await response.text(), createRemoteJWKSet(new URL(`${s.origin}/jwks`)), {
    issuer: s.origin,
    audience: party.id,
    typ: 'token-introspection+jwt',
    algorithms: ['PS256'],
  });
};

test('a client of Message Signing signs its request and gets a signed answer, a signed ID token and a signed introspection', async () => {
  const { configuration, callback, tokens } = await throughLibrary(s, party);
  assert.deepEqual([...callback.searchParams.keys()], ['response'], 'nothing beside the signed answer');
  for (const jwt of [callback.searchParams.get('response'), tokens.id_token]) assert.equal(decodeProtectedHeader(jwt ?? '').alg, 'PS256');

  const said = await oidc.tokenIntrospection(configuration, tokens.access_token);
  assert.equal(said.active, true);
  assert.equal(said.sub, CITIZEN.subject);
  assert.equal(said.client_id, party.id);
  assert.equal(typeof (said['cnf'] as { jkt?: string } | undefined)?.jkt, 'string', 'bound to the key');

  const { payload } = await verified(await introspected(tokens.access_token));
  assert.equal(payload.aud, party.id);
  assert.equal(typeof payload.iat, 'number');
  // RFC 9701 §5: what the token says stands inside, so that the answer cannot be taken for a token.
  for (const claim of ['sub', 'exp']) assert.equal(payload[claim], undefined, claim);
});

test('what is said of a token that is none is signed, too', async () => {
  const { payload } = await verified(await introspected('no-such-token'));
  assert.deepEqual(payload['token_introspection'], { active: false });
});

test('an unsigned request is refused, pushed or not', async () => {
  const { params } = await party.push();
  await assertError(await party.post('/request', { ...params, ...(await party.authenticated()) }), 'invalid_request');
  const page = await s.browser().open(`/auth?${new URLSearchParams({ client_id: party.id, ...params })}`);
  assert.equal((await party.answerOn(page))?.params.get('error'), 'invalid_request');
});

test('a signed request that was not pushed is refused', async () => {
  const { params } = await party.push();
  const request = await party.signObject({ iss: party.id, aud: s.origin, client_id: party.id, nbf: now(), exp: now() + 300, ...params });
  const page = await s.browser().open(`/auth?${new URLSearchParams({ ...params, client_id: party.id, request })}`);
  assert.equal((await party.answerOn(page))?.params.get('error'), 'invalid_request');
});

for (const mode of ['query', 'form_post', 'fragment', 'fragment.jwt', undefined])
  test(`the answer is never sent unsigned or in a fragment: response_mode ${mode ?? 'left out'}`, async () =>
    assertError((await party.push({ response_mode: mode })).response, 'invalid_request'));

for (const mode of ['jwt', 'query.jwt', 'form_post.jwt'])
  test(`response_mode ${mode} carries a code`, async () => {
    assert.ok((await party.code({ response_mode: mode })).code);
  });

const registered = (fields: object) => () =>
  parseClients(
    [
      {
        client_id: 'signing',
        names: { fa: 'x', en: 'x' },
        first_party: true,
        start_url: `${CALLBACK}/`,
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'private_key_jwt',
        security_profile: 'fapi2-message-signing',
        ...fields,
      },
    ],
    'clients',
  );

test('a registration with the profile names no algorithm and means PS256 everywhere', () => {
  const [client] = registered({})();
  for (const field of ['id_token_signed_response_alg', 'authorization_signed_response_alg', 'introspection_signed_response_alg', 'request_object_signing_alg'])
    assert.equal(client?.metadata[field], 'PS256', field);
});

test('a registration cannot take back what its profile promises', () => {
  for (const [field, value] of Object.entries({
    id_token_signed_response_alg: 'RS256',
    request_object_signing_alg: 'RS256',
    authorization_signed_response_alg: 'RS256',
    require_signed_request_object: false,
    require_pushed_authorization_requests: false,
    response_modes: ['query'],
  }))
    assert.throws(registered({ [field]: value }), new RegExp(field), field);
  assert.doesNotThrow(registered({ id_token_signed_response_alg: 'ES256', response_modes: ['jwt'] }));
});
