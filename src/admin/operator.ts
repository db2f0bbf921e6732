import { createHash, timingSafeEqual } from 'node:crypto';
import type { Middleware } from 'koa';
import { ProfileError } from '#src/errors.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Lets in who carries the operator's token (RFC 6750 §2.1), compared in constant time; everybody else is answered 401. Failures are JSON here. */
export function operatorOnly(token: string): Middleware {
  const expected = digest(token);
  return async (ctx, next) => {
    const given = /^Bearer ([\x21-\x7e]+)$/i.exec(ctx.get('Authorization'))?.[1] ?? '';
    if (!timingSafeEqual(digest(given), expected)) {
      ctx.status = 401;
      ctx.set('WWW-Authenticate', 'Bearer realm="operator"');
      ctx.body = { error: 'unauthorized' };
      return;
    }
    try {
      await next();
    } catch (error) {
      if (!(error instanceof ProfileError) || error.status >= 500) throw error;
      ctx.status = error.status;
      ctx.body = { error: error.code };
    }
  };
}
