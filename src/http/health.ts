import type { Middleware } from 'koa';
import type { Log } from './log.ts';

/** Asked by balancers under any name of this host. */
export const HEALTH: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Alive: the process answers. Ready: what it needs answers too (`ping` throws otherwise). Neither says more than yes or no. */
export function health(ping: () => Promise<unknown>, log: Log): Middleware {
  return async (ctx, next) => {
    if (!HEALTH.has(ctx.path) || ctx.method !== 'GET') return next();
    if (ctx.path === '/readyz') {
      try {
        await ping();
      } catch (error) {
        log.warn({ error }, 'not ready');
        ctx.status = 503;
        ctx.body = 'unavailable';
        return;
      }
    }
    ctx.body = 'ok';
  };
}
