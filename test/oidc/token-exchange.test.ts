import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { TOKEN_EXCHANGE } from '#src/oidc/token-exchange.ts';
import { api, type Registered, register } from '../support/clients.ts';
import { signedUp } from '../support/signed-up.ts';
import { start } from '../support/start.ts';

/** Who may not exchange a token, and when one is worth nothing any more. What an exchanged token holds: relying-parties.test.ts. */
const RECORDS = 'https://records.example.test/';
const PAYMENTS = 'https://payments.example.test/';
const SERVICE = {
  grant_types: [TOKEN_EXCHANGE],
  redirect_uris: [],
  resources: { [PAYMENTS]: ['record:read'] },
  token_exchange: { from: [RECORDS], to: [PAYMENTS] },
};

const s = await start({ CLIENT_CERTIFICATE_HEADER: 'X-Client-Cert' });
const { browser } = await signedUp(s);
await s.stores.durable.apis.seed([api(RECORDS), api(PAYMENTS)]);
after(() => s.close());

async function personsToken(): Promise<string> {
  const front = await register(s, { resources: { [RECORDS]: ['record:read'] } });
  const request = await front.request({ scope: 'openid record:read', resource: RECORDS });
  const end = await browser.open(request.url);
  return (await oidc.authorizationCodeGrant(front.configuration, new URL(end.url), request.checks)).access_token;
}

const exchange = (by: Registered, token: string): Promise<string> =>
  oidc
    .genericGrantRequest(by.configuration, TOKEN_EXCHANGE, {
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: PAYMENTS,
    })
    .then(
      () => 'exchanged',
      (error: { error?: string }) => String(error.error),
    );

test('a client whose tokens are bound to a key or a certificate gets no bearer token instead', async () => {
  const token = await personsToken();
  assert.equal(await exchange(await register(s, SERVICE), token), 'exchanged');
  for (const bound of ['dpop_bound_access_tokens', 'tls_client_certificate_bound_access_tokens'])
    assert.equal(await exchange(await register(s, { ...SERVICE, [bound]: true }), token), 'invalid_request', bound);
});

test('a client that does not authenticate exchanges nothing', async () => {
  const anybody = await register(s, { ...SERVICE, token_endpoint_auth_method: 'none' }, oidc.None());
  assert.equal(await exchange(anybody, await personsToken()), 'unauthorized_client');
});

test('a token whose grant ended in the database is worth nothing, in the same second too', async () => {
  const service = await register(s, SERVICE);
  const token = await personsToken();
  const trail = JSON.parse((await s.stores.ephemeral.get(`trail:${decodeJwt(token).jti}`)) ?? '{}') as { grantId: string };
  await s.stores.durable.records.removeGrant(trail.grantId);
  assert.equal(await exchange(service, token), 'invalid_request');
});

test('nothing is exchanged for a person whose account was disabled', async () => {
  const service = await register(s, SERVICE);
  const token = await personsToken();
  const { records } = s.stores.durable;
  const findGrant = records.findGrant.bind(records);
  records.findGrant = async (...asked) => {
    const found = await findGrant(...asked);
    return found.account ? { ...found, account: { ...found.account, disabled: true } } : found;
  };
  try {
    assert.equal(await exchange(service, token), 'invalid_request');
  } finally {
    records.findGrant = findGrant;
  }
});
