import type { Context, Middleware } from 'koa';
import { authorize } from './authorize.ts';
import { answerPreflight } from './cross-origin.ts';
import { currentUser } from './current-user.ts';
import type { Old, OldParts, Translated } from './old.ts';
import { announceEnd } from './permission.ts';
import { revoke } from './revoke.ts';
import { signOut } from './sign-out.ts';
import { tokenV1, tokenV2 } from './token.ts';
import type { UseCount } from './uses.ts';

/** The old addresses, all of them. */
const ENDPOINTS: Readonly<Record<string, Old>> = {
  '/auth/server/authorize': authorize,
  '/auth/server/token': tokenV1,
  '/auth/server/v2/token': tokenV2,
  '/auth/revoke': revoke,
  '/auth/signout': signOut,
  '/api/users/current-user': currentUser,
};

/** Paths that relying parties post to by design. */
export const LEGACY_POSTS: ReadonlySet<string> = new Set(Object.keys(ENDPOINTS).filter((path) => ENDPOINTS[path]?.methods === 'POST'));

/** Stands before every other route: the library would take /auth/revoke for a visit of its own. */
export function legacyEndpoints(parts: OldParts & { uses: UseCount }): Middleware {
  return async (ctx, next) => {
    const old = Object.hasOwn(ENDPOINTS, ctx.path) ? ENDPOINTS[ctx.path] : undefined;
    if (!old) return next();
    if (ctx.method === 'OPTIONS' && old.crossOrigin) return answerPreflight(ctx, old.methods);
    if (ctx.method !== old.methods) return refuseMethod(ctx, old);
    const translated = await old.translate(ctx, parts);
    if (!translated) return;
    announceEnd(ctx, translated.client);
    if (!old.answers) await next();
    countWhenDone(ctx, translated, parts.uses);
  };
}

function refuseMethod(ctx: Context, { methods, crossOrigin }: Old): void {
  ctx.status = 405;
  ctx.set('Allow', crossOrigin ? `${methods}, OPTIONS` : methods);
  ctx.body = '';
}

/** A refused request is no use. */
function countWhenDone(ctx: Context, { client, forms }: Translated, uses: UseCount): void {
  if (ctx.status < 400) ctx.res.once('finish', () => uses.add(client.id, forms));
}
