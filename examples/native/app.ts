import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as oidc from 'openid-client';

export type Options = {
  readonly issuer: string;
  /** Shows the person the address, or opens their browser there. */
  open(address: string): void;
  /** An API to call on the person's behalf; the token is then for this API, and not for userinfo. */
  readonly api?: { readonly resource: string; readonly scope: string; readonly address: string };
};
export type SignedIn = { readonly claims: Readonly<Record<string, unknown>>; readonly answer?: unknown };

/**
 * Sign-in of an app on the person's own machine (RFC 8252): the system browser, never a view inside the app; the answer comes to a listener on
 * loopback, on whatever port is free. A public client has no secret, so PKCE is what binds the code to this app.
 */
export async function signIn({ issuer, open, api }: Options): Promise<SignedIn> {
  const configuration = await oidc.discovery(
    new URL(issuer),
    'native',
    { id_token_signed_response_alg: 'ES256' },
    oidc.None(),
    // Only for a loopback address: anywhere else discovery must be https.
    new URL(issuer).protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {},
  );
  // CHECK: 127.0.0.1 and not "localhost", so that no other address answers (RFC 8252 §8.3).
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  try {
    // CHECK: a fresh verifier, state and nonce for every attempt.
    const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
    open(
      oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: ['openid profile phone', ...(api ? [api.scope] : [])].join(' '),
        ...(api ? { resource: api.resource } : {}),
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      }).href,
    );
    const callback = await answerTo(server, redirectUri, state);
    // CHECK: state, iss (RFC 9207), the ID token's signature, issuer, audience, times and nonce; openid-client makes them all.
    const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims) throw new Error('no ID token');
    if (!api) return { claims: { ...claims, ...(await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub)) } };
    const answer = await fetch(api.address, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
    return { claims, answer: await answer.json() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The first request to the redirect address that carries our state; anything else on this machine may knock too, and gets nothing. */
async function answerTo(server: ReturnType<typeof createServer>, redirectUri: string, state: string): Promise<URL> {
  return new Promise((resolve) => {
    server.on('request', (request: IncomingMessage, response) => {
      const url = new URL(request.url ?? '/', redirectUri);
      const ours = url.pathname === '/callback' && url.searchParams.get('state') === state;
      response.writeHead(ours ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store', Connection: 'close' });
      response.end(
        ours ? '<!doctype html><html lang="fa" dir="rtl"><title>نمونه</title><p>به برنامه برگردید؛ این صفحه را می‌توانید ببندید.</p></html>' : '',
        () => {
          if (ours) resolve(url);
        },
      );
    });
  });
}
