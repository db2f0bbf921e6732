import type { Middleware } from 'koa';
import { ProfileError } from '#src/errors.ts';

/** Methods that change nothing. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The one defence against posts from elsewhere: a request that may change something carries our own origin. Browsers send `Origin` with every
 * post; `Sec-Fetch-Site` stands in where one strips it. `exempt` names the protocol endpoints that relying parties post to by design.
 */
export const originCheck =
  (issuer: string, exempt: ReadonlySet<string>): Middleware =>
  async (ctx, next) => {
    if (SAFE.has(ctx.method) || exempt.has(ctx.path)) return next();
    const origin = ctx.get('Origin');
    const own = origin ? origin === new URL(issuer).origin : ctx.get('Sec-Fetch-Site') === 'same-origin';
    if (!own) throw new ProfileError('cross-origin');
    await next();
  };
