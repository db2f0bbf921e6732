import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { hashSecret, storedClient } from '#src/oidc/clients.ts';
import type { Browser } from './browser.ts';
import { RELYING_PARTY, type Started } from './start.ts';

export type Tokens = { readonly access_token: string; readonly refresh_token: string; readonly id_token: string };

/** A first-party client of its own for each JWS algorithm, with refresh tokens. */
export const seedClients = ({ stores }: Started, algorithms: readonly string[]): Promise<number> =>
  stores.durable.clients.seed(
    algorithms.map((algorithm) =>
      storedClient({
        client_id: algorithm,
        names: { fa: algorithm, en: algorithm },
        first_party: true,
        start_url: `${RELYING_PARTY}/`,
        redirect_uris: [`${RELYING_PARTY}/${algorithm}`],
        post_logout_redirect_uris: [`${RELYING_PARTY}/`],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_post',
        secret_hash: hashSecret(`secret of ${algorithm}`),
        scope: 'openid offline_access',
        id_token_signed_response_alg: algorithm,
      }),
    ),
  );

const post = (origin: string, clientId: string, form: Readonly<Record<string, string>>): Promise<Response> =>
  fetch(`${origin}/token`, { method: 'POST', body: new URLSearchParams({ client_id: clientId, client_secret: `secret of ${clientId}`, ...form }) });

/** A code flow of `clientId` in the signed-in browser, and the tokens from the token endpoint. */
export async function signedIn({ origin }: Started, browser: Browser, clientId: string): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url');
  const redirect = `${RELYING_PARTY}/${clientId}`;
  const request = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirect,
    scope: 'openid offline_access',
    prompt: 'consent',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  await browser.open(`/auth?${new URLSearchParams(request)}`);
  const code = new URL((await browser.submit({ action: 'allow' })).url).searchParams.get('code') ?? '';
  return read(await post(origin, clientId, { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier }));
}

/** The token endpoint's answer to a refresh token. */
export const askAgain = (origin: string, clientId: string, { refresh_token }: Tokens): Promise<Response> =>
  post(origin, clientId, { grant_type: 'refresh_token', refresh_token });

export const refreshed = async (origin: string, clientId: string, tokens: Tokens): Promise<Tokens> => read(await askAgain(origin, clientId, tokens));

async function read(response: Response): Promise<Tokens> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Tokens;
}
