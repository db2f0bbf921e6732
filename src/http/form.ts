import { bodyParser } from '@koa/bodyparser';
import type { Context, Middleware } from 'koa';
import { ProfileError } from '#src/errors.ts';

export type Form = Readonly<Record<string, string>>;

/** Refuses a body that is too large, or that does not say how large it is, before anything reads it. */
export const bodyLimit =
  (bytes: number): Middleware =>
  async (ctx, next) => {
    const length = ctx.get('Content-Length');
    const tooLarge = length ? Number(length) > bytes : ctx.get('Transfer-Encoding') !== '';
    if (tooLarge) {
      ctx.set('Connection', 'close');
      throw new ProfileError('too-large');
    }
    await next();
  };

/** The fields of a posted form as the person typed them. Throws ProfileError('bad-request') for anything else, and for a NUL, which Postgres cannot keep. */
export async function readForm(ctx: Context, bytes: number): Promise<Form> {
  if (!ctx.is('application/x-www-form-urlencoded')) throw new ProfileError('bad-request');
  const parse = bodyParser({ enableTypes: ['form'], formLimit: bytes, encoding: 'utf-8', onError: (cause) => refuse(cause) });
  await parse(ctx, async () => {});
  const body = (ctx.request.body ?? {}) as Record<string, unknown>;
  const form: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'string' || value.includes('\0')) throw new ProfileError('bad-request');
    form[name] = value;
  }
  return form;
}

function refuse(cause: Error & { status?: number }): never {
  throw new ProfileError(cause.status === 413 ? 'too-large' : 'bad-request', { cause });
}
