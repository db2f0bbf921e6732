import type { Middleware } from 'koa';
import type { Log } from './log.ts';

/** One debug line a request: no query, no address, no body. The path of an interaction holds only a random identifier, which is cut. */
export const requestLog =
  (log: Log): Middleware =>
  async (ctx, next) => {
    const start = process.hrtime.bigint();
    try {
      await next();
    } finally {
      if (log.isLevelEnabled('debug')) {
        const milliseconds = Number((process.hrtime.bigint() - start) / 10_000n) / 100;
        log.debug({ method: ctx.method, path: ctx.path.replace(/^\/(interaction|auth)\/[^/]+/, '/$1/…'), status: ctx.status, milliseconds }, 'request');
      }
    }
  };
