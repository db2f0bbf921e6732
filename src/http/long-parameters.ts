import type { Middleware } from 'koa';
import { ProfileError } from '#src/errors.ts';

/** A signed request (RFC 9101) holds all the others and a signature. */
const LONGER: Readonly<Record<string, number>> = { request: 3 };
/** All together, as many times the longest single one; the server's own limit of a request line is the same. */
const ALL = 8;

/**
 * A parameter of any length would be kept, logged and sent on (CVE-2026-4634), and no honest one holds a NUL. `length`: characters of one.
 */
export const longParameters =
  (length: number): Middleware =>
  async (ctx, next) => {
    const wrong = Object.entries(ctx.query).some(([name, value]) =>
      [value].flat().some((text = '') => text.length > length * (LONGER[name] ?? 1) || text.includes('\0')),
    );
    if (wrong || ctx.querystring.length > ALL * length) throw new ProfileError('bad-request');
    await next();
  };
