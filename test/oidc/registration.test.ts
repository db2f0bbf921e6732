import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseClients } from '#src/oidc/clients.ts';
import { TOKEN_EXCHANGE } from '#src/oidc/token-exchange.ts';

/** What config/clients.json may not say, and the field that the operator is told of. */
const CLIENT = {
  client_id: 'registered',
  names: { fa: 'x', en: 'x' },
  first_party: true,
  start_url: 'https://rp.example.test/',
  redirect_uris: ['https://rp.example.test/callback'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks_uri: 'https://rp.example.test/jwks',
};
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const EXCHANGE = { grant_types: [TOKEN_EXCHANGE], redirect_uris: [], token_exchange: { from: ['https://a.example.test'], to: ['https://b.example.test'] } };
const LEGACY = { until: '2099-12-29', forms: ['paths'] };

const REFUSED: readonly (readonly [why: string, fields: object, field: string])[] = [
  ['a FAPI client with a secret', { security_profile: 'fapi2', token_endpoint_auth_method: 'client_secret_basic' }, 'token_endpoint_auth_method'],
  ['a public FAPI client', { security_profile: 'fapi2', token_endpoint_auth_method: 'none' }, 'token_endpoint_auth_method'],
  ['a FAPI client whose tokens are bound to nothing', { security_profile: 'fapi2', dpop_bound_access_tokens: false }, 'dpop_bound_access_tokens'],
  ['a FAPI client without PKCE', { security_profile: 'fapi2', pkce_required: false, conformance: true }, 'pkce_required'],
  ['a FAPI client with old forms', { security_profile: 'fapi2', legacy: LEGACY }, 'legacy'],
  [
    'a machine that anybody could be',
    { grant_types: ['client_credentials'], redirect_uris: [], token_endpoint_auth_method: 'none' },
    'token_endpoint_auth_method',
  ],
  ['an exchange that anybody could ask for', { ...EXCHANGE, token_endpoint_auth_method: 'none' }, 'token_endpoint_auth_method'],
  [
    'a third party at two hosts without a sector',
    { first_party: false, redirect_uris: ['https://a.example.test/', 'https://b.example.test/'] },
    'pairwise_sector',
  ],
  ['a third party’s device without a sector', { first_party: false, grant_types: [DEVICE], redirect_uris: [] }, 'pairwise_sector'],
  ['a third party’s exchange without a sector', { first_party: false, ...EXCHANGE }, 'pairwise_sector'],
  ['a third party without scopes of its own', { first_party: false }, 'scope'],
  ['a code in the clear', { redirect_uris: ['http://rp.example.test/callback'] }, 'redirect_uris'],
  ['a code into a script', { redirect_uris: ['javascript:alert(1)'] }, 'redirect_uris'],
];

for (const [why, fields, field] of REFUSED)
  test(`refused: ${why}`, () => {
    assert.throws(() => parseClients([{ ...CLIENT, ...fields }], 'clients.json'), new RegExp(`at \\[0\\]\\.${field}`));
  });

test('allowed: tokens bound to a certificate in place of a key, machines and exchanges that authenticate, sectors, applications, loopback hosts', () => {
  for (const fields of [
    { security_profile: 'fapi2', dpop_bound_access_tokens: false, tls_client_certificate_bound_access_tokens: true },
    { first_party: false, scope: 'openid', grant_types: ['client_credentials'], redirect_uris: [] },
    EXCHANGE,
    { first_party: false, scope: 'openid', grant_types: [DEVICE], redirect_uris: [], pairwise_sector: 'example.test' },
    { application_type: 'native', redirect_uris: ['mytamin://login'] },
    { redirect_uris: ['http://localhost:8080/callback'] },
  ])
    assert.doesNotThrow(() => parseClients([{ ...CLIENT, ...fields }], 'clients.json'), JSON.stringify(fields));
});
