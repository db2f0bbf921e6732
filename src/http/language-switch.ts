import type { Middleware } from 'koa';
import { prefixed } from './cookies.ts';
import { LANGUAGE_COOKIE, LANGUAGES } from './locale.ts';

const YEAR = 365 * 24 * 60 * 60 * 1000;

/** `?lang=` remembers the choice and returns to the same address without it. Works without a script. */
export const languageSwitch =
  (secure: boolean): Middleware =>
  async (ctx, next) => {
    const wanted = ctx.query['lang'];
    if (ctx.method !== 'GET' || !LANGUAGES.some((language) => language === wanted)) return next();
    ctx.cookies.set(prefixed(ctx, LANGUAGE_COOKIE), String(wanted), { signed: false, httpOnly: true, sameSite: 'lax', secure, maxAge: YEAR });
    const { lang: _, ...rest } = ctx.query;
    const query = new URLSearchParams(rest as Record<string, string>).toString();
    ctx.status = 303;
    // The path is our own; a leading double slash would name another host.
    ctx.redirect(`${ctx.path.replace(/^\/+/, '/')}${query ? `?${query}` : ''}`);
  };
