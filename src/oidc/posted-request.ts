import type { Middleware } from 'koa';
import { readForm } from '#src/http/form.ts';
import { seeOther } from '#src/http/redirect.ts';

const PATHS: ReadonlySet<string> = new Set(['/auth', '/session/end']);

/**
 * A relying party may post its authorization or logout request (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). A browser that comes from
 * elsewhere brings no session cookie with a post, because ours are SameSite=Lax, so the request goes on as GET, where it does.
 */
export const postedRequest =
  (bodyBytes: number): Middleware =>
  async (ctx, next) => {
    if (ctx.method !== 'POST' || !PATHS.has(ctx.path)) return next();
    const form = await readForm(ctx, bodyBytes);
    seeOther(ctx, `${ctx.path}?${new URLSearchParams(form)}`);
  };
