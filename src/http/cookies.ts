import type { Context } from 'koa';

/** `__Host-` where the issuer is https: no sibling domain can plant it, no plain connection carries it (RFC 6265bis §4.1.3.2). */
export const cookieName = (ctx: Context, name: string): string => (ctx.secure ? `__Host-${name}` : name);

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
