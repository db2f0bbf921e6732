import type { Middleware } from 'koa';

/** Everything else that is served is for one person, or changes: see security-headers.ts. */
const PUBLIC = /^\/(jwks$|\.well-known\/)/;

/** What relying parties read again and again may be cached, for `seconds`. Only a good answer: an error stays uncached. */
export const publicCache =
  (seconds: number): Middleware =>
  async (ctx, next) => {
    await next();
    if (ctx.status === 200 && PUBLIC.test(ctx.path)) ctx.set('Cache-Control', `public, max-age=${seconds}`);
  };
