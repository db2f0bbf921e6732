import type { Context } from 'koa';
import { type Form, readForm } from '#src/http/form.ts';
import { audienceList, markLegacy, mayAskAudience } from '#src/oidc/legacy-audience.ts';
import type { LegacyClient } from '#src/oidc/legacy-bridge.ts';
import type { LegacyForm } from '#src/oidc/legacy-terms.ts';
import { allowOwnOrigins } from './cross-origin.ts';
import type { Old } from './old.ts';
import { refusalOf, refusedAnswer } from './permission.ts';

/** POST /auth/server/token (v1: a code for an access token) and /auth/server/v2/token (v2: with `audience`, and refresh tokens). */
const tokenEndpoint = (grants: readonly string[], refresh: boolean): Old => ({
  methods: 'POST',
  crossOrigin: true,
  async translate(ctx, { bridge, now, limits }) {
    const form = await formOrAnswer(ctx, limits.bodyBytes);
    if (!form) return undefined;
    const client = await bridge.client(form['client_id'] ?? basicUser(ctx));
    if (client) allowOwnOrigins(ctx, client);
    const forms: LegacyForm[] = form['audience'] ? ['paths', 'audience'] : ['paths'];
    const refusal = refusalOf(client, forms, now());
    if (refusal) return void refusedAnswer(ctx, 'unauthorized_client', refusal.text);
    if (!grants.includes(form['grant_type'] ?? '')) return void refusedAnswer(ctx, 'unsupported_grant_type', `this path knows ${grants.join(', ')}`);
    const known = client as Required<LegacyClient>;
    const audience = audienceList(form['audience']);
    if (!mayAskAudience(audience, known.terms.audiences)) return void refusedAnswer(ctx, 'invalid_target', 'an audience that is not this client’s');
    markLegacy(ctx, { refresh, audience });
    standardPost(ctx, '/token', form);
    return { client: known, forms };
  },
});

export const tokenV1 = tokenEndpoint(['authorization_code'], false);
export const tokenV2 = tokenEndpoint(['authorization_code', 'refresh_token'], true);

/** Undefined when the body is no form; then the refusal is answered. */
export async function formOrAnswer(ctx: Context, bytes: number): Promise<Form | undefined> {
  try {
    return await readForm(ctx, bytes);
  } catch {
    refusedAnswer(ctx, 'invalid_request', 'expected application/x-www-form-urlencoded, each field once');
    return undefined;
  }
}

/** The library reads the body from here: its stream has been read. */
export function standardPost(ctx: Context, path: string, form: Form): void {
  ctx.url = path;
  ctx.request.body = { ...form };
}

/** The name in an Authorization header of the Basic scheme; the library checks the secret. */
function basicUser(ctx: Context): string | undefined {
  const text = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(ctx.get('Authorization'))?.[1];
  const name = text && Buffer.from(text, 'base64').toString('utf8').split(':')[0];
  try {
    return name ? decodeURIComponent(name) : undefined;
  } catch {
    return undefined;
  }
}
