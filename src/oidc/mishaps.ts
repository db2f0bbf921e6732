import { setTimeout as pause } from 'node:timers/promises';
import type { Middleware } from 'koa';
import { errors, Provider } from 'oidc-provider';

/** Errors to order, by the endpoint that can give them. */
export type MishapKind = 'server_error' | 'temporarily_unavailable' | 'invalid_grant' | 'slow' | 'wrong_signature';
export type MishapEndpoint = 'authorize' | 'token' | 'userinfo' | 'jwks';
export type Mishaps = {
  /** The next ordered error of this endpoint for this client, used up; a key set is fetched by nobody in particular. */
  take(endpoint: MishapEndpoint, clientId?: string): MishapKind | undefined;
  /** How long `slow` takes, in milliseconds. */
  readonly slowMs: number;
};

/** The library's routes that an error can be ordered for. */
const ROUTES: Readonly<Record<string, MishapEndpoint>> = { authorization: 'authorize', token: 'token', userinfo: 'userinfo' };
const STATUS: Readonly<Record<'server_error' | 'temporarily_unavailable' | 'invalid_grant', number>> = {
  server_error: 500,
  temporarily_unavailable: 503,
  invalid_grant: 400,
};
const WORDS = 'ordered in the sandbox';

/**
 * Lets ordered errors happen. A client's error comes where the library looks its client up: before a code or refresh token is used, so that another
 * try can succeed. Returns the middleware for what is not decided there.
 */
export function applyMishaps(provider: Provider, mishaps: Mishaps): Middleware {
  const { Client } = provider;
  const find = Client.find;
  const asked = new WeakSet<object>();
  const unsigned = new WeakSet<object>();

  Client.find = async (id: string) => {
    const client = await find.call(Client, id);
    const ctx = Provider.ctx;
    const endpoint = ROUTES[ctx?.oidc?.route ?? ''];
    // Once a request: the library looks the client up again to answer the error.
    if (!client || !ctx || !endpoint || asked.has(ctx) || ctx.res.writableEnded) return client;
    asked.add(ctx);
    const kind = mishaps.take(endpoint, id);
    if (kind === 'slow') await pause(mishaps.slowMs);
    else if (kind === 'wrong_signature') unsigned.add(ctx);
    else if (kind) throw failure(kind);
    return client;
  };

  return async (ctx, next) => {
    if (ctx.path === '/jwks' && ctx.method === 'GET') {
      const kind = mishaps.take('jwks');
      if (kind === 'slow') await pause(mishaps.slowMs);
      else if (kind === 'server_error' || kind === 'temporarily_unavailable') {
        ctx.status = STATUS[kind];
        ctx.body = { error: kind, error_description: WORDS };
        return;
      }
    }
    await next();
    const body = ctx.body as { id_token?: string } | undefined;
    if (unsigned.has(ctx) && typeof body?.id_token === 'string') ctx.body = { ...body, id_token: withWrongSignature(body.id_token) };
  };
}

function failure(kind: keyof typeof STATUS): Error {
  const error = new errors.CustomOIDCProviderError(kind, WORDS);
  return Object.assign(error, { status: STATUS[kind], statusCode: STATUS[kind], expose: true });
}

/** The first character of a signature carries six whole bits; the last may carry none. */
function withWrongSignature(jwt: string): string {
  const start = jwt.lastIndexOf('.') + 1;
  return `${jwt.slice(0, start)}${jwt[start] === 'A' ? 'B' : 'A'}${jwt.slice(start + 1)}`;
}
