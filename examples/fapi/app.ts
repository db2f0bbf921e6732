import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { importJWK, type JWK } from 'jose';
import Koa, { type Context } from 'koa';
import * as oidc from 'openid-client';
import { errorPage, homePage, signedInPage } from './pages.ts';

export type Options = {
  /** 0 takes a free one. */
  readonly port: number;
  readonly issuer: string;
  /** Private key of the client, ES256; its public half is registered at Profile (`jwks`). */
  readonly key: JWK;
};

/** What was sent away with the browser, until it comes back. */
type Pending = { readonly verifier: string; readonly nonce: string; readonly state: string };
type Session = { readonly pending?: Pending; readonly claims?: Readonly<Record<string, unknown>>; readonly expiresAt: number };

const CLIENT_ID = 'fapi';
const ALGORITHM = 'ES256';
const COOKIE = 'fapi';
const SESSION_MS = 30 * 60_000;

/**
 * A web app under `security_profile: fapi2-message-signing` (FAPI 2.0 with Message Signing). Nothing that matters passes through the browser where
 * it could be read or changed: the request is signed (RFC 9101) and pushed (RFC 9126), the answer is signed (JARM), the app shows a key instead of a
 * secret (RFC 7523), and its tokens are worth nothing without another key (RFC 9449). Every check an integrator must not leave out is marked CHECK.
 */
export async function startFapi({ port, issuer, key }: Options): Promise<{ readonly url: string; close(): Promise<void> }> {
  const sessions = new Map<string, Session>();
  const app = new Koa();
  const server = createServer().listen(port, 'localhost');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const profile = await connect(issuer, key);

  const routes: Readonly<Record<string, (ctx: Context) => Promise<void> | void>> = {
    '/'(ctx) {
      const claims = sessionOf(ctx, sessions)?.claims;
      ctx.body = claims ? signedInPage(claims) : homePage();
    },
    async '/login'(ctx) {
      // CHECK: a fresh verifier, state and nonce for every attempt, bound to this browser.
      const pending: Pending = { verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce() };
      const address = await profile.request({ ...pending, redirectUri: `${url}/callback` });
      openSession(ctx, sessions, { pending });
      ctx.redirect(address.href);
    },
    async '/callback'(ctx) {
      const pending = sessionOf(ctx, sessions)?.pending;
      // CHECK: an answer is looked at once, and only in the browser that asked.
      sessions.delete(idOf(ctx));
      if (!pending) throw new Error('this browser asked for nothing');
      // CHECK: a new session identifier at sign-in, so that one planted before it is worth nothing.
      openSession(ctx, sessions, { claims: await profile.redeem(new URL(ctx.originalUrl, url), pending) });
      ctx.redirect('/');
    },
    '/logout'(ctx) {
      sessions.delete(idOf(ctx));
      ctx.redirect('/');
    },
  };

  app.use(async (ctx) => {
    ctx.set({
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    });
    const route = Object.hasOwn(routes, ctx.path) ? routes[ctx.path] : undefined;
    if (!route) return;
    await Promise.resolve(route(ctx)).catch((error: { error?: string; code?: string }) => {
      ctx.status = 400;
      ctx.body = errorPage(error.error ?? error.code ?? 'refused');
    });
  });
  server.on('request', app.callback());
  return {
    url,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The two halves of a sign-in, all of it by openid-client. */
async function connect(issuer: string, jwk: JWK) {
  const key = { key: (await importJWK(jwk, ALGORITHM)) as CryptoKey, ...(jwk.kid ? { kid: jwk.kid } : {}) };
  const configuration = await oidc.discovery(
    new URL(issuer),
    CLIENT_ID,
    // CHECK: the algorithms are the registered ones; a token that names another is refused.
    { id_token_signed_response_alg: ALGORITHM, authorization_signed_response_alg: ALGORITHM },
    oidc.PrivateKeyJwt(key),
    {
      execute: [
        oidc.useJwtResponseMode,
        oidc.enableNonRepudiationChecks,
        // Only for a loopback address: anywhere else discovery must be https.
        ...(new URL(issuer).protocol === 'http:' ? [oidc.allowInsecureRequests] : []),
      ],
    },
  );
  // Made anew at each start and never written down: tokens that were issued before are worth nothing to anybody.
  const DPoP = oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair(ALGORITHM));
  return {
    /** Signs the request, pushes it, and returns the address for the browser: client_id and request_uri, nothing else. */
    async request({ verifier, state, nonce, redirectUri }: Pending & { readonly redirectUri: string }): Promise<URL> {
      const signed = await oidc.buildAuthorizationUrlWithJAR(
        configuration,
        {
          redirect_uri: redirectUri,
          scope: 'openid profile',
          code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
          state,
          nonce,
        },
        key,
      );
      return oidc.buildAuthorizationUrlWithPAR(configuration, signed.searchParams, { DPoP });
    },
    /** The person's claims. Throws when the answer is not Profile's, not for this browser, or says no. */
    async redeem(callback: URL, { verifier, state, nonce }: Pending): Promise<Readonly<Record<string, unknown>>> {
      // CHECK: the answer's signature, iss, aud and exp (JARM), state, the ID token's signature, iss, aud, times and nonce, and PKCE.
      const tokens = await oidc.authorizationCodeGrant(
        configuration,
        callback,
        { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
        undefined,
        { DPoP },
      );
      const claims = tokens.claims();
      // CHECK: userinfo must be about the same subject.
      return { ...claims, ...(await oidc.fetchUserInfo(configuration, tokens.access_token, claims?.sub ?? '', { DPoP })) };
    },
  };
}

const idOf = (ctx: Context): string => ctx.cookies.get(COOKIE) ?? '';

function sessionOf(ctx: Context, sessions: ReadonlyMap<string, Session>): Session | undefined {
  const session = sessions.get(idOf(ctx));
  return session && session.expiresAt > Date.now() ? session : undefined;
}

function openSession(ctx: Context, sessions: Map<string, Session>, holds: Omit<Session, 'expiresAt'>): void {
  const now = Date.now();
  for (const [id, { expiresAt }] of sessions) if (expiresAt <= now) sessions.delete(id);
  const id = randomBytes(32).toString('base64url');
  sessions.set(id, { ...holds, expiresAt: now + SESSION_MS });
  // CHECK: behind https also `secure: true`.
  ctx.cookies.set(COOKIE, id, { httpOnly: true, sameSite: 'lax', overwrite: true });
}
