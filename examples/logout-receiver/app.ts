import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import bodyParser from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';
import * as oidc from 'openid-client';
import { createLogoutTokenCheck } from './logout-token.ts';

/** `port` 0 takes a free one. */
export type Options = { readonly port: number; readonly issuer: string; clientSecret(): string };
type Session = { pending?: { readonly verifier: string; readonly state: string; readonly nonce: string }; signedIn?: SignedIn };
type SignedIn = { readonly subject: string; readonly sid: string; readonly name: string };

const CLIENT = 'logout-receiver';
const COOKIE = 'logout-receiver';

/** A relying party that forgets a person when they sign out anywhere: Profile posts a logout token, and the sessions of that `sid` are gone. */
export async function startLogoutReceiver({ port, issuer, clientSecret }: Options): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer().listen(port, 'localhost');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const sessions = new Map<string, Session>();
  const check = createLogoutTokenCheck({ issuer, jwksUri: `${issuer}/jwks`, clientId: CLIENT });
  const discover = (): Promise<oidc.Configuration> =>
    oidc.discovery(
      new URL(issuer),
      CLIENT,
      { id_token_signed_response_alg: 'ES256' },
      oidc.ClientSecretBasic(clientSecret()),
      // Only for a loopback address: anywhere else discovery must be https.
      new URL(issuer).protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {},
    );

  const router = new Router();
  router.get('/', (ctx) => {
    const name = sessions.get(ctx.cookies.get(COOKIE) ?? '')?.signedIn?.name;
    ctx.body = page(name ? `<p>${escapeHtml(name)}، وارد شده‌اید.</p>` : '<p>وارد نشده‌اید.</p><p><a href="/login">ورود</a></p>');
  });

  router.get('/login', async (ctx) => {
    const pending = { verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce() };
    const id = randomUUID();
    sessions.set(id, { pending });
    ctx.cookies.set(COOKIE, id, { httpOnly: true, sameSite: 'lax' });
    const address = oidc.buildAuthorizationUrl(await discover(), {
      redirect_uri: `${url}/callback`,
      scope: 'openid profile',
      code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
    });
    ctx.redirect(address.href);
  });

  router.get('/callback', async (ctx) => {
    const before = ctx.cookies.get(COOKIE) ?? '';
    const { pending } = sessions.get(before) ?? {};
    sessions.delete(before);
    if (!pending) return ctx.redirect('/');
    const configuration = await discover();
    const tokens = await oidc.authorizationCodeGrant(configuration, new URL(ctx.originalUrl, url), {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims) throw new Error('no ID token');
    const { name } = await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    const id = randomUUID();
    // `sid` of the ID token is what a logout token will name.
    sessions.set(id, { signedIn: { subject: claims.sub, sid: String(claims['sid']), name: name ?? claims.sub } });
    ctx.cookies.set(COOKIE, id, { httpOnly: true, sameSite: 'lax' });
    ctx.redirect('/');
  });

  router.post('/backchannel-logout', bodyParser({ enableTypes: ['form'], formLimit: '16kb' }), async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    try {
      const ended = await check(String((ctx.request.body as { logout_token?: unknown }).logout_token ?? ''));
      for (const [id, { signedIn }] of sessions) {
        if (signedIn && (ended.sid ? signedIn.sid === ended.sid : signedIn.subject === ended.subject)) sessions.delete(id);
      }
      ctx.status = 200;
      ctx.body = '';
    } catch {
      // Profile tries again after 400 too; the person's session there has ended already.
      ctx.status = 400;
      ctx.body = { error: 'invalid_request' };
    }
  });

  const app = new Koa();
  app.use(router.routes());
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

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const page = (body: string): string => `<!doctype html><html lang="fa" dir="rtl"><meta charset="utf-8"><title>نمونه خروج سراسری</title>${body}</html>`;
