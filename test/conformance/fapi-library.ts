import assert from 'node:assert/strict';
import { importJWK, type JWK } from 'jose';
import * as oidc from 'openid-client';
import { CITIZEN } from '#src/conformance.ts';
import type { Started } from '../support/start.ts';
import { type FapiParty, newProofKey } from './fapi-party.ts';
import { CALLBACK, passPages } from './relying-party.ts';

type Tokens = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;
export type LibraryFlow = {
  readonly configuration: oidc.Configuration;
  /** Where the browser came back to, with the answer as it was sent. */
  readonly callback: URL;
  readonly tokens: Tokens;
};

/** The client as the relying party's library knows it; the library checks every signature, also those that came over TLS. */
export async function libraryConfiguration({ origin }: Started, { id, secrets, signing }: FapiParty): Promise<oidc.Configuration> {
  const key = (await importJWK(secrets.keys[id] as JWK, 'ES256')) as oidc.CryptoKey;
  const configuration = await oidc.discovery(
    new URL(origin),
    id,
    {
      id_token_signed_response_alg: 'PS256',
      ...(signing ? { authorization_signed_response_alg: 'PS256', introspection_signed_response_alg: 'PS256' } : {}),
    },
    // The issuer as one string, not the token endpoint (FAPI 2.0 §5.3.3.1).
    oidc.PrivateKeyJwt(key, {
      [oidc.modifyAssertion]: (_header, payload) => {
        payload['aud'] = origin;
      },
    }),
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] },
  );
  if (signing) oidc.useJwtResponseMode(configuration);
  return configuration;
}

/** The whole flow through the relying party's library, which judges every answer by itself: request, answer, tokens, userinfo. */
export async function throughLibrary(s: Started, party: FapiParty): Promise<LibraryFlow> {
  const configuration = await libraryConfiguration(s, party);
  const DPoP = oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair('ES256'));
  const [pkceCodeVerifier, expectedState, expectedNonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
  const params = new URLSearchParams({
    redirect_uri: CALLBACK,
    scope: 'openid profile',
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const key = (await importJWK(party.secrets.keys[party.id] as JWK, 'ES256')) as oidc.CryptoKey;
  const asked = party.signing ? (await oidc.buildAuthorizationUrlWithJAR(configuration, params, key)).searchParams : params;
  const url = await oidc.buildAuthorizationUrlWithPAR(configuration, asked, { DPoP });
  const browser = s.browser();
  await browser.open(url.href);
  const { url: callback } = await passPages(browser, party.secrets);
  assert.ok(callback.startsWith(CALLBACK), callback);
  const tokens = await oidc.authorizationCodeGrant(
    configuration,
    new URL(callback),
    { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
    undefined,
    { DPoP },
  );
  const claims = await oidc.fetchUserInfo(configuration, tokens.access_token, tokens.claims()?.sub ?? '', { DPoP });
  assert.equal(claims.sub, CITIZEN.subject);
  assert.equal(claims.given_name, CITIZEN.person.firstName);
  // Without the key the token is worth nothing.
  const stolen = await fetch(`${s.origin}/me`, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(stolen.status, 401);
  assert.equal((await party.resource(tokens.access_token, await newProofKey())).status, 401);
  return { configuration, callback: new URL(callback), tokens };
}
