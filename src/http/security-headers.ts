import type { Middleware } from 'koa';

/**
 * No inline script or style, no framing, nothing from elsewhere. `script-src` is explicit because the protocol library adds the hash of its
 * form_post script only then. `form-action` is left out: Chromium applies it to the redirect after a post, and the relying party is elsewhere.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // Same-origin, not no-referrer: with no-referrer a browser sends "Origin: null" on our own posts.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=()',
  'Cache-Control': 'no-store',
};
const ONE_YEAR = 31_536_000;

/** Sets the headers before anything answers, so that errors carry them too. HSTS only where the issuer is https. */
export const securityHeaders =
  (secure: boolean): Middleware =>
  async (ctx, next) => {
    ctx.set(HEADERS);
    if (secure) ctx.set('Strict-Transport-Security', `max-age=${ONE_YEAR}; includeSubDomains`);
    await next();
  };
