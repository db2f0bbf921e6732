import type { Context } from 'koa';

/** After a post: 303, so that a reload asks again with GET and never posts twice (RFC 9110 §15.4.4). */
export function seeOther(ctx: Context, location: string): void {
  ctx.redirect(location);
  ctx.status = 303;
}
