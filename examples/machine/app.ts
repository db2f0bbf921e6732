import { importJWK, type JWK } from 'jose';
import * as oidc from 'openid-client';

export type Options = {
  readonly issuer: string;
  /** Private key of the client, ES256; its public half is registered at Profile (`jwks`). */
  readonly key: JWK;
  /** The API: its identifier at Profile, and where it answers. */
  readonly resource: string;
  readonly address: string;
};

/** A program without a person: a signed assertion instead of a secret (RFC 7523), one token for one API (RFC 8707), one call. */
export async function report({ issuer, key, resource, address }: Options): Promise<{ status: number; body: unknown }> {
  const privateKey = (await importJWK(key, 'ES256')) as CryptoKey;
  const configuration = await oidc.discovery(
    new URL(issuer),
    'machine',
    undefined,
    oidc.PrivateKeyJwt({ key: privateKey, ...(key.kid ? { kid: key.kid } : {}) }),
    // Only for a loopback address: anywhere else discovery must be https.
    new URL(issuer).protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {},
  );
  const { access_token } = await oidc.clientCredentialsGrant(configuration, { resource, scope: 'pensions.read' });
  // CHECK: keep the token until it nears its end (expires_in) instead of asking for one with every call.
  const answer = await fetch(address, { headers: { Authorization: `Bearer ${access_token}` } });
  return { status: answer.status, body: await answer.json() };
}
