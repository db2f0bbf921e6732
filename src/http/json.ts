import { bodyParser } from '@koa/bodyparser';
import type { Context } from 'koa';
import { ProfileError } from '#src/errors.ts';

/** The JSON body of a request to our API. Throws ProfileError('bad-request') for anything that is not JSON. */
export async function readJson(ctx: Context, bytes: number): Promise<unknown> {
  if (!ctx.is('application/json')) throw new ProfileError('bad-request');
  const parse = bodyParser({
    enableTypes: ['json'],
    jsonLimit: bytes,
    onError: (cause) => {
      throw new ProfileError('bad-request', { cause });
    },
  });
  await parse(ctx, async () => {});
  return ctx.request.body;
}
