import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa, { type Context } from 'koa';
import { type Caller, createAccessTokenCheck, Refusal } from './access-token.ts';

export type Options = {
  /** 0 takes a free one. */
  readonly port: number;
  readonly issuer: string;
  /** Identifier of this API at Profile. */
  readonly audience: string;
  /** Origins whose scripts may call it. */
  readonly origins?: readonly string[];
  /** Path → what it needs and answers. */
  readonly calls: Readonly<Record<string, { readonly scope: string; answer(caller: Caller, token: string): Promise<object> | object }>>;
};
export type RunningApi = { readonly url: string; close(): Promise<void> };

/** An API on Koa: a call is answered only after `access-token.ts` has let it through. */
export async function startApi({ port, issuer, audience, origins = [], calls }: Options): Promise<RunningApi> {
  const server = createServer().listen(port, 'localhost');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const check = createAccessTokenCheck({ issuer, jwksUri: `${issuer}/jwks`, audience, url });

  const app = new Koa();
  app.use(async (ctx, next) => {
    allowOrigin(ctx, origins);
    ctx.set('Cache-Control', 'no-store');
    try {
      await next();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      ctx.status = error.status;
      ctx.set('WWW-Authenticate', error.challenge);
      ctx.body = { error: /error="([^"]+)"/.exec(error.challenge)?.[1] ?? 'no_token' };
    }
  });
  app.use(async (ctx) => {
    if (ctx.method === 'OPTIONS') {
      ctx.status = 204;
      return;
    }
    const call = Object.hasOwn(calls, ctx.path) && ctx.method === 'GET' ? calls[ctx.path] : undefined;
    if (!call) return;
    const authorization = ctx.get('Authorization');
    const caller = await check({ method: ctx.method, path: ctx.path, authorization, proof: ctx.get('DPoP') }, call.scope);
    ctx.body = await call.answer(caller, authorization.split(' ').at(-1) ?? '');
  });
  server.on('request', app.callback());
  return {
    url,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A script may send its token and its proof, and read why it was refused. No cookie is ever involved. */
function allowOrigin(ctx: Context, origins: readonly string[]): void {
  ctx.vary('Origin');
  const origin = ctx.get('Origin');
  if (!origins.includes(origin)) return;
  ctx.set('Access-Control-Allow-Origin', origin);
  ctx.set('Access-Control-Allow-Headers', 'Authorization, DPoP');
  ctx.set('Access-Control-Expose-Headers', 'WWW-Authenticate');
}

/** The answers of the sample: nothing in them is about a real person. */
export const PENSIONS = {
  '/history': {
    scope: 'pensions.read',
    answer: (caller: Caller) => ({
      synthetic: true,
      caller,
      months: [
        { year: 1403, month: 1, days: 31 },
        { year: 1403, month: 2, days: 31 },
      ],
    }),
  },
} as const;
