import type { Context } from 'koa';
import type { LegacyClient } from '#src/oidc/legacy-bridge.ts';

/** Answers the question a browser asks before a call from another origin. It names no client, so the real answer decides. */
export function answerPreflight(ctx: Context, methods: string): void {
  ctx.vary('Origin');
  ctx.set('Access-Control-Allow-Origin', ctx.get('Origin') || '*');
  ctx.set('Access-Control-Allow-Methods', methods);
  const asked = ctx.get('Access-Control-Request-Headers');
  if (asked) ctx.set('Access-Control-Allow-Headers', asked);
  ctx.set('Access-Control-Max-Age', '3600');
  ctx.status = 204;
}

/** Lets a script read the answer if it runs on an origin that the client's people are sent back to anyway. */
export function allowOwnOrigins(ctx: Context, client: LegacyClient): void {
  ctx.vary('Origin');
  const origin = ctx.get('Origin');
  // An installed application's address has no origin; it is written like that of a sandboxed frame.
  if (!origin || origin === 'null' || !client.redirectUris.some((uri) => new URL(uri).origin === origin)) return;
  ctx.set('Access-Control-Allow-Origin', origin);
  ctx.set('Access-Control-Expose-Headers', 'Deprecation, Sunset, WWW-Authenticate');
}
