import { exportJWK, generateKeyPair } from 'jose';
import * as oidc from 'openid-client';
import { hashSecret, storedClient } from '#src/oidc/clients.ts';
import { RELYING_PARTY, type Started } from './start.ts';

/** A relying party of a test, registered as an administrator would, and the library that it uses. */
export type Registered = {
  readonly configuration: oidc.Configuration;
  readonly redirectUri: string;
  /** A fresh authorization request; `pushed` sends it to the server first. */
  request(
    extra?: Readonly<Record<string, string>>,
    how?: { pushed?: boolean; DPoP?: oidc.DPoPHandle },
  ): Promise<{ url: string; checks: oidc.AuthorizationCodeGrantChecks }>;
};

let count = 0;
export const SECRET = 'a-secret-of-the-test-that-is-long-enough';

/** Registers a first party with these fields of metadata on top; a confidential one with a secret unless they say otherwise. */
export async function register(
  s: Started,
  fields: Readonly<Record<string, unknown>> = {},
  authentication: oidc.ClientAuth = oidc.ClientSecretBasic(SECRET),
): Promise<Registered> {
  count += 1;
  const id = `client-${count}`;
  const redirectUri = `${RELYING_PARTY}/${id}`;
  const client = {
    client_id: id,
    names: { fa: 'سامانه آزمون', en: 'Test service' },
    first_party: true,
    start_url: `${RELYING_PARTY}/`,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'openid profile email phone national_id offline_access',
    id_token_signed_response_alg: 'ES256',
    ...('token_endpoint_auth_method' in fields ? {} : { secret_hash: hashSecret(SECRET) }),
    ...fields,
  };
  await s.stores.durable.clients.seed([storedClient(client)]);
  const algorithm = String(storedClient(client).metadata['id_token_signed_response_alg']);
  const configuration = await oidc.discovery(new URL(s.origin), id, { id_token_signed_response_alg: algorithm }, authentication, {
    execute: [oidc.allowInsecureRequests],
  });
  return {
    configuration,
    redirectUri,
    async request(extra = {}, { pushed, DPoP } = {}) {
      const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
      const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
      const parameters = {
        redirect_uri: redirectUri,
        scope: 'openid profile',
        code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        state: expectedState,
        nonce: expectedNonce,
        ...extra,
      };
      const url = pushed
        ? await oidc.buildAuthorizationUrlWithPAR(configuration, parameters, DPoP ? { DPoP } : {})
        : oidc.buildAuthorizationUrl(configuration, parameters);
      return { url: url.href, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
    },
  };
}

/** A key pair and the public half as a registered key set. */
export async function keyPair(algorithm = 'ES256') {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: `k${Math.random().toString(36).slice(2)}`, alg: algorithm, use: 'sig' };
  return { key: privateKey, kid: jwk.kid, jwks: { keys: [jwk] } };
}

/** Names of a synthetic API and its two scopes. */
export const api = (identifier: string, format: 'jwt' | 'opaque' = 'jwt') => ({
  identifier,
  settings: {
    names: { fa: 'سابقه بیمه', en: 'Insurance record' },
    scopes: { 'record:read': { fa: 'دیدن سابقه', en: 'see the record' }, 'record:write': { fa: 'تغییر سابقه', en: 'change the record' } },
    format,
    signing_alg: 'ES256',
  },
});
