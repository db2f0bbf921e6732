import type { Middleware } from 'koa';
import { ProfileError } from '#src/errors.ts';

/** A parameter of any length would be kept, logged and sent on (CVE-2026-4634). `length`: characters of one; all together may have eight times as many. */
export const longParameters =
  (length: number): Middleware =>
  async (ctx, next) => {
    if (ctx.querystring.length > 8 * length || Object.values(ctx.query).some((value) => typeof value === 'string' && value.length > length))
      throw new ProfileError('bad-request');
    await next();
  };
