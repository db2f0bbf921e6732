/**
 * account/ is the pages of a signed-in person, «سامانه مدیریت کاربران». It has no sign-in of its own: it is the first relying party, and sends
 * people through the same authorization endpoint as every e-service.
 */
import { createHash, randomBytes } from 'node:crypto';
import Router from '@koa/router';
import type { Context } from 'koa';
import type { Language } from '#src/http/locale.ts';
import { languageOf, type Texts } from '#src/http/locale.ts';
import type { Render } from '#src/http/page.ts';
import { seeOther } from '#src/http/redirect.ts';
import { maskMobile } from '#src/identity/mobile.ts';
import type { Account } from '#src/identity/ports.ts';
import type { Bridge } from '#src/oidc/bridge.ts';
import { PORTAL, PORTAL_CALLBACK } from '#src/oidc/clients.ts';
import { changePassword, type PasswordServices, passwordPage } from './password.ts';

type Parts = {
  readonly issuer: string;
  readonly bridge: Bridge;
  readonly services: PasswordServices;
  readonly render: Render;
  readonly texts: Texts;
  readonly language: Language;
};

/** Where a person was going when they had to sign in first; the only places that a sign-in may return to. */
const RETURNS: Readonly<Record<string, string>> = { home: '/', password: '/account/password' };

/** The portal's ways in, as authorization requests. */
const ENTRANCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/sign-in': {},
  '/sign-up': { prompt: 'create' },
  '/recover': { prompt: 'login', entrance: 'recover' },
};

export function accountRouter(parts: Parts): Router {
  const router = new Router();
  const { bridge, render, services } = parts;

  const signedIn =
    (to: string, page: (ctx: Context, account: Account, language: Language) => Promise<void>) =>
    async (ctx: Context): Promise<void> => {
      const session = await bridge.session(ctx);
      const account = session ? await services.durable.accounts.find(session.subject) : undefined;
      if (!session || !account || account.disabled || !bridge.sessionStands(account, session)) return seeOther(ctx, authorization(parts.issuer, to, {}));
      await bridge.renewSession(ctx);
      await page(ctx, account, languageOf(ctx, parts.language));
    };

  for (const [path, params] of Object.entries(ENTRANCES)) router.get(path, (ctx) => seeOther(ctx, authorization(parts.issuer, 'home', params)));

  /** The code that comes with it is never redeemed: the session is what the portal came for. */
  router.get(PORTAL_CALLBACK, (ctx) => {
    if (ctx.query['error']) return seeOther(ctx, '/signed-out');
    return seeOther(ctx, RETURNS[String(ctx.query['state'])] ?? '/');
  });

  router.get(
    '/',
    signedIn('home', async (ctx, account) => {
      const { person, identifier, mobile, email } = account;
      const data = {
        name: `${person.firstName} ${person.lastName}`,
        firstName: person.firstName,
        identifier: identifier.value,
        kind: identifier.kind,
        mobile: maskMobile(mobile),
        ...(email ? { email } : {}),
        ...(ctx.query['notice'] === 'password-changed' ? { notice: 'password-changed' } : {}),
      };
      await render(ctx, 'account/home', { data, signedIn: true });
    }),
  );

  router.get(
    '/account/password',
    signedIn('password', (ctx, account) => passwordPage(ctx, { services, render, account, errors: {} })),
  );
  router.post(
    '/account/password',
    signedIn('password', async (ctx, account, language) => {
      const errors = await changePassword(ctx, services, account, parts.texts.translate(language));
      if (errors) {
        ctx.status = 422;
        return passwordPage(ctx, { services, render, account, errors });
      }
      // Every other session has ended; this one goes on under a new identifier.
      await bridge.renewSession(ctx, services.now() + 1000);
      seeOther(ctx, '/?notice=password-changed');
    }),
  );

  router.post('/account/sign-out', async (ctx) => {
    await bridge.endSession(ctx);
    seeOther(ctx, '/signed-out');
  });
  router.get('/signed-out', (ctx) => render(ctx, 'account/signed-out', {}));
  return router;
}

/** The portal's own authorization request. Its PKCE verifier is thrown away: nobody may redeem the code. */
function authorization(issuer: string, to: string, params: Readonly<Record<string, string>>): string {
  const challenge = createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url');
  const query = new URLSearchParams({
    client_id: PORTAL,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: `${issuer}${PORTAL_CALLBACK}`,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: to,
    ...params,
  });
  return `/auth?${query}`;
}
