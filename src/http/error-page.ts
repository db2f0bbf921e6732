import { randomInt } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import { type ErrorCode, ProfileError, STATUS } from '#src/errors.ts';
import type { Log } from './log.ts';
import type { Locals, Render } from './page.ts';

/** Letters and digits that nobody confuses on the phone: no 0 O 1 I L. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** «P7K-42M»: short enough to say aloud; finds the log line. 31^6 values, so a day's lines rarely share one. */
export function newReference(): string {
  const pick = (): string => ALPHABET[randomInt(ALPHABET.length)] ?? 'X';
  const three = (): string => pick() + pick() + pick();
  return `${three()}-${three()}`;
}

/** Writes the story of a failure to the log under a new reference, and returns the reference. */
export function recordFailure(log: Log, ctx: Context, error: unknown, code: ErrorCode): string {
  const ref = newReference();
  const level = STATUS[code] >= 500 ? 'error' : 'info';
  log[level]({ ref, errorCode: code, method: ctx.method, path: ctx.path, error }, 'failure');
  return ref;
}

export type ErrorExtras = (ctx: Context, error: ProfileError) => Promise<Locals> | Locals;

/** Every failure becomes a page here, and only here: status from the code's table, a reference, a way on. */
export const errorPage =
  (render: Render, log: Log, extras: ErrorExtras = () => ({})): Middleware =>
  async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body == null && ctx.respond !== false) throw new ProfileError('not-found');
    } catch (thrown) {
      const error = explain(thrown);
      await showError(ctx, error, { render, log, extras });
    }
  };

export async function showError(ctx: Context, error: ProfileError, parts: { render: Render; log: Log; extras?: ErrorExtras }): Promise<void> {
  const ref = recordFailure(parts.log, ctx, error.cause ?? error, error.code);
  const more = parts.extras ? await Promise.resolve(parts.extras(ctx, error)).catch(() => ({}) as Locals) : {};
  ctx.status = error.status;
  ctx.remove('Location');
  if (error.detail.retryAfter) ctx.set('Retry-After', String(error.detail.retryAfter));
  // A program that asked for JSON gets JSON; a browser gets a page.
  if (ctx.accepts('html', 'json') === 'json') {
    ctx.body = { error: error.code, reference: ref };
    return;
  }
  const minutes = error.detail.retryAfter ? { minutes: Math.max(1, Math.ceil(error.detail.retryAfter / 60)) } : {};
  await parts.render(ctx, 'error', { ...more, ref, data: { code: error.code, ...minutes, ...more.data } });
}

/** What Koa and its parsers throw, in our words. */
const HTTP: Readonly<Record<number, ErrorCode>> = {
  400: 'bad-request',
  403: 'forbidden',
  404: 'not-found',
  413: 'too-large',
  415: 'bad-request',
  429: 'too-many-attempts',
};

function explain(thrown: unknown): ProfileError {
  if (thrown instanceof ProfileError) return thrown;
  const { status, expose } = (thrown ?? {}) as { status?: number; expose?: boolean };
  const known = expose && status ? HTTP[status] : undefined;
  return new ProfileError(known ?? 'unexpected', { cause: thrown });
}
