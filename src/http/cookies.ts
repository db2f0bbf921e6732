import type { Context, Middleware } from 'koa';

/** Puts `prefix` before the name of every cookie of ours: a sandbox on the same host never meets, or sets, a real one's. */
export const cookiePrefix =
  (prefix: string): Middleware =>
  async (ctx, next) => {
    ctx.state['cookiePrefix'] = prefix;
    await next();
  };

export const prefixed = (ctx: Context, name: string): string => `${(ctx.state?.['cookiePrefix'] as string | undefined) ?? ''}${name}`;

/** `__Host-` where the issuer is https: no sibling domain can plant it, no plain connection carries it (RFC 6265bis §4.1.3.2). */
export const cookieName = (ctx: Context, name: string): string => (ctx.secure ? `__Host-${name}` : prefixed(ctx, name));

export const setCookie = (ctx: Context, name: string, value: string | null, seconds?: number): void => {
  ctx.cookies.set(cookieName(ctx, name), value, {
    httpOnly: true,
    sameSite: 'lax',
    signed: true,
    overwrite: true,
    path: '/',
    secure: ctx.secure,
    ...(seconds ? { maxAge: seconds * 1000 } : {}),
  });
};

export const getCookie = (ctx: Context, name: string): string | undefined => ctx.cookies.get(cookieName(ctx, name), { signed: true });
