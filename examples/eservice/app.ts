import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import * as oidc from 'openid-client';
import { errorPage, homePage, type Language, signedInPage } from './pages.ts';

/**
 * A relying party of Profile, small enough to copy from: sign-in, sign-up, an API call, refresh, sign-out. Every check an integrator must not leave
 * out is marked CHECK. The browser keeps one opaque cookie; tokens stay on the server.
 */
export type Options = {
  readonly port: number;
  /** Public address of this e-service, without a slash at the end. */
  readonly url: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** A third-party client to try consent with. */
  readonly club?: { readonly clientId: string; readonly clientSecret: string };
};
type Started = { readonly url: string; close(): Promise<void> };

/** What was sent away with the browser, until it comes back. */
type Pending = { readonly verifier: string; readonly nonce: string; readonly state: string; readonly party: Party };
type SignedIn = { readonly party: Party; readonly claims: Record<string, unknown>; readonly idToken: string; accessToken: string; refreshToken?: string };
type Session = { pending?: Pending; signedIn?: SignedIn; expiresAt: number };
type Party = 'eservices' | 'club';

const SCOPE: Readonly<Record<Party, string>> = { eservices: 'openid profile email phone national_id', club: 'openid profile phone' };
const SESSION_MS = 30 * 60_000;
const COOKIE = 'eservice';

export async function startEservice(options: Options): Promise<Started> {
  const sessions = new Map<string, Session>();
  const app = new Koa();
  const router = new Router();
  const configurationOf = lazyDiscovery(options);

  app.use(async (ctx, next) => {
    ctx.set({
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'same-origin',
    });
    try {
      await next();
    } catch (error) {
      ctx.app.emit('error', error, ctx);
      ctx.status = 502;
      ctx.body = errorPage(languageOf(ctx), 'unavailable', error instanceof Error ? error.name : '');
    }
  });

  router.get('/', (ctx) => {
    const { signedIn } = sessionOf(ctx, sessions, options.url);
    ctx.body = signedIn
      ? signedInPage(languageOf(ctx), { claims: signedIn.claims, canRefresh: signedIn.refreshToken !== undefined, party: signedIn.party })
      : homePage(languageOf(ctx), options.club !== undefined);
  });

  const begin = (party: Party, extra: Readonly<Record<string, string>>) => async (ctx: Context) => {
    const configuration = await configurationOf(party);
    const session = sessionOf(ctx, sessions, options.url);
    // CHECK: a fresh verifier, state and nonce for every attempt, bound to this browser.
    const pending: Pending = { verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce(), party };
    session.pending = pending;
    const address = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: callbackOf(options, party),
      scope: SCOPE[party],
      code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
      ui_locales: languageOf(ctx),
      ...extra,
    });
    ctx.redirect(address.href);
  };
  router.get('/login', begin('eservices', {}));
  router.get('/signup', begin('eservices', { prompt: 'create' }));
  router.get('/login-strong', begin('eservices', { acr_values: 'urn:profile:2' }));
  router.get('/login-offline', begin('eservices', { scope: `${SCOPE.eservices} offline_access`, prompt: 'consent' }));
  router.get('/club/login', begin('club', {}));

  const callback = async (ctx: Context) => {
    const session = sessionOf(ctx, sessions, options.url);
    const { pending } = session;
    delete session.pending;
    if (!pending) return ctx.redirect('/');
    if (ctx.query['error'] && ctx.query['state'] === pending.state) {
      ctx.body = errorPage(languageOf(ctx), 'refused', String(ctx.query['error']));
      return;
    }
    const configuration = await configurationOf(pending.party);
    // CHECK: state, iss (RFC 9207), the ID token's signature, issuer, audience, times and nonce, and PKCE; openid-client makes them all.
    const tokens = await oidc.authorizationCodeGrant(configuration, new URL(ctx.originalUrl, options.url), {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims || !tokens.id_token) throw new Error('no ID token');
    // CHECK: userinfo must be about the same subject.
    const userinfo = await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    // CHECK: a new session identifier at sign-in, so that one planted before it is worth nothing.
    sessions.delete(idOf(ctx));
    const fresh = openSession(ctx, sessions, options.url);
    fresh.signedIn = {
      party: pending.party,
      claims: { ...claims, ...userinfo },
      idToken: tokens.id_token,
      accessToken: tokens.access_token,
      ...(tokens.refresh_token ? { refreshToken: tokens.refresh_token } : {}),
    };
    ctx.redirect('/');
  };
  router.get('/callback', callback);
  router.get('/club/callback', callback);

  /** The e-service's own API, called by its own page; it could as well be called by a mobile app. */
  router.get('/call', async (ctx) => {
    const { signedIn } = sessionOf(ctx, sessions, options.url);
    if (!signedIn) return ctx.redirect('/');
    const answer = await fetch(`${selfUrl(server.address() as AddressInfo)}/api/insurance-history`, {
      headers: { Authorization: `Bearer ${signedIn.accessToken}` },
    });
    ctx.body = signedInPage(languageOf(ctx), {
      claims: signedIn.claims,
      canRefresh: signedIn.refreshToken !== undefined,
      party: signedIn.party,
      answer: `${answer.status} ${await answer.text()}`,
    });
  });
  router.get('/api/insurance-history', async (ctx) => {
    const token = /^Bearer (\S+)$/.exec(ctx.get('Authorization'))?.[1];
    const configuration = await configurationOf('eservices');
    // CHECK: an API asks whether the token is active, and whether it was issued to a client it serves.
    const facts = token ? await oidc.tokenIntrospection(configuration, token) : { active: false };
    ctx.status = facts.active ? 200 : 401;
    ctx.body = facts.active
      ? {
          synthetic: true,
          months: [
            { year: 1403, month: 1, days: 31 },
            { year: 1403, month: 2, days: 31 },
          ],
        }
      : { error: 'invalid_token' };
  });

  router.post('/refresh', async (ctx) => {
    const { signedIn } = sessionOf(ctx, sessions, options.url);
    if (!signedIn?.refreshToken) return ctx.redirect('/');
    const tokens = await oidc.refreshTokenGrant(await configurationOf(signedIn.party), signedIn.refreshToken);
    signedIn.accessToken = tokens.access_token;
    // CHECK: the refresh token rotates; the old one must never be used again, or the whole family ends.
    if (tokens.refresh_token) signedIn.refreshToken = tokens.refresh_token;
    ctx.status = 303;
    ctx.redirect('/');
  });

  router.get('/logout', async (ctx) => {
    const { signedIn } = sessionOf(ctx, sessions, options.url);
    sessions.delete(idOf(ctx));
    if (!signedIn) return ctx.redirect('/');
    // CHECK: end the session here and at Profile, which comes back to a registered address.
    const configuration = await configurationOf(signedIn.party);
    ctx.redirect(
      oidc.buildEndSessionUrl(configuration, { id_token_hint: signedIn.idToken, post_logout_redirect_uri: `${options.url}/`, ui_locales: languageOf(ctx) })
        .href,
    );
  });

  router.get('/language', (ctx) => {
    ctx.cookies.set('eservice-language', ctx.query['to'] === 'en' ? 'en' : 'fa', { httpOnly: true, sameSite: 'lax', signed: false });
    ctx.redirect('/');
  });
  app.use(router.routes());

  const server = createServer(app.callback());
  server.listen(options.port, new URL(options.url).hostname);
  await once(server, 'listening');
  return {
    url: options.url,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const callbackOf = ({ url }: Options, party: Party): string => (party === 'club' ? `${url}/club/callback` : `${url}/callback`);
const selfUrl = ({ port }: AddressInfo): string => `http://localhost:${port}`;
const languageOf = (ctx: Context): Language => (ctx.cookies.get('eservice-language', { signed: false }) === 'en' ? 'en' : 'fa');

/** Discovery at the first use, and again when it failed: Profile may start after this. */
function lazyDiscovery({ issuer, clientId, clientSecret, club }: Options): (party: Party) => Promise<oidc.Configuration> {
  const known = new Map<Party, Promise<oidc.Configuration>>();
  return (party) => {
    const credentials = party === 'club' && club ? club : { clientId, clientSecret };
    const found =
      known.get(party) ??
      oidc.discovery(
        new URL(issuer),
        credentials.clientId,
        { id_token_signed_response_alg: party === 'club' ? 'ES256' : 'RS256' },
        oidc.ClientSecretBasic(credentials.clientSecret),
        {
          // Only for a loopback address: anywhere else discovery must be https.
          ...(new URL(issuer).protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {}),
        },
      );
    known.set(party, found);
    found.catch(() => known.delete(party));
    return found;
  };
}

const idOf = (ctx: Context): string => ctx.cookies.get(COOKIE, { signed: false }) ?? '';

function sessionOf(ctx: Context, sessions: Map<string, Session>, url: string): Session {
  const now = Date.now();
  for (const [id, { expiresAt }] of sessions) if (expiresAt < now) sessions.delete(id);
  return sessions.get(idOf(ctx)) ?? openSession(ctx, sessions, url);
}

function openSession(ctx: Context, sessions: Map<string, Session>, url: string): Session {
  const id = randomUUID() + randomUUID();
  const session: Session = { expiresAt: Date.now() + SESSION_MS };
  sessions.set(id, session);
  ctx.cookies.set(COOKIE, id, { httpOnly: true, sameSite: 'lax', secure: url.startsWith('https:'), signed: false, overwrite: true });
  return session;
}
