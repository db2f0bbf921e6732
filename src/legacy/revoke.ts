import { allowOwnOrigins } from './cross-origin.ts';
import type { Old } from './old.ts';
import { refusalOf, refusedAnswer } from './permission.ts';
import { formOrAnswer, standardPost } from './token.ts';

/** POST /auth/revoke: the bearer of an access token ends the refresh token of the form. The access token names the client. */
export const revoke: Old = {
  methods: 'POST',
  crossOrigin: true,
  async translate(ctx, { bridge, now, limits }) {
    const form = await formOrAnswer(ctx, limits.bodyBytes);
    if (!form) return undefined;
    const bearer = await bridge.bearer(bearerToken(ctx.get('Authorization')));
    if (!bearer) {
      ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
      return void refusedAnswer(ctx, 'invalid_token', 'the access token is not valid', 401);
    }
    const { client } = bearer;
    allowOwnOrigins(ctx, client);
    const refusal = refusalOf(client, ['paths'], now());
    if (refusal) return void refusedAnswer(ctx, 'unauthorized_client', refusal.text);
    const { refresh_token: token, ...rest } = form;
    if (!token) return void refusedAnswer(ctx, 'invalid_request', 'refresh_token is missing');
    // The library would read this header as a client's own sign-in.
    delete ctx.req.headers.authorization;
    standardPost(ctx, '/token/revocation', { ...rest, client_id: client.id, token, token_type_hint: 'refresh_token' });
    return { client, forms: ['paths'] };
  },
};

/** The token of an Authorization header (RFC 6750 §2.1); empty when there is none. */
export const bearerToken = (header: string): string => /^Bearer ([\w.~+/-]+=*)$/i.exec(header)?.[1] ?? '';
