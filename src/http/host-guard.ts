import type { Middleware } from 'koa';
import { ProfileError } from '#src/errors.ts';

/**
 * Answers 421 (RFC 9110 §15.5.20) to any Host but the issuer's: the protocol library builds addresses of the discovery document
 * from it. Probes of the machine itself ask for `open` paths by any name.
 */
export const hostGuard =
  (issuer: string, open: ReadonlySet<string>): Middleware =>
  async (ctx, next) => {
    const { host, protocol } = new URL(issuer);
    if (!open.has(ctx.path) && ctx.get('Host').toLowerCase() !== host) throw new ProfileError('wrong-host');
    const forwarded = ctx.app.proxy ? ctx.get('X-Forwarded-Host') : '';
    if (forwarded && forwarded.toLowerCase() !== host) throw new ProfileError('wrong-host');
    // An https issuer is answered over https only, so that no cookie leaves without Secure.
    if (!open.has(ctx.path) && protocol === 'https:' && !ctx.secure) throw new ProfileError('wrong-host');
    await next();
  };
