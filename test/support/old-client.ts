import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { storedClient } from '#src/oidc/clients.ts';
import type { LegacyForm } from '#src/oidc/legacy-terms.ts';
import type { Browser, Page } from './browser.ts';
import { RELYING_PARTY, type Started } from './start.ts';

export const AUDIENCES = ['https://es.tamin.test', 'https://eservices.tamin.test', 'https://profile-api.tamin.test'];
export const ALL_FORMS: readonly LegacyForm[] = ['paths', 'no-scope', 'audience', 'expires-in', 'signout', 'current-user', 'implicit'];
export const SIGNED_OUT = `${RELYING_PARTY}/signed-out?from=old`;

/** A relying party as the guide of the old system describes it: public, S256, no scope, no nonce. */
export type OldClient = {
  readonly id: string;
  readonly callback: string;
  /** The address of an authorization request, and the verifier of its challenge. */
  request(extra?: Readonly<Record<string, string>>): { url: string; verifier: string };
  post(path: string, form: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** A code from a browser whose person is signed in. */
  code(browser: Browser, extra?: Readonly<Record<string, string>>): Promise<{ code: string; verifier: string; page: Page }>;
  redeem(path: string, code: string, verifier: string, extra?: Readonly<Record<string, string>>): Promise<Answer>;
};
export type Answer = { readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> };

/** `terms` undefined: a client of the standard interface only. */
export async function oldClient(
  s: Started,
  terms: Readonly<Record<string, unknown>> | undefined,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<OldClient> {
  const id = randomBytes(16).toString('hex');
  const callback = `${RELYING_PARTY}/${id}`;
  const client = {
    client_id: id,
    first_party: true,
    names: { fa: 'سامانه قدیمی', en: 'Old Service' },
    start_url: `${RELYING_PARTY}/`,
    redirect_uris: [callback],
    post_logout_redirect_uris: [SIGNED_OUT],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    scope: 'openid profile email phone national_id offline_access',
    ...(terms
      ? {
          legacy: {
            until: '2099-12-29',
            forms: ALL_FORMS,
            audiences: AUDIENCES,
            default_scope: 'openid profile national_id',
            signout_uris: [SIGNED_OUT],
            ...terms,
          },
        }
      : {}),
    ...metadata,
  };
  await s.stores.durable.clients.seed([storedClient(client)]);

  const post: OldClient['post'] = async (path, form, headers = {}) => {
    const response = await fetch(`${s.origin}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(form),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
  const request: OldClient['request'] = (extra = {}) => {
    const verifier = randomBytes(48).toString('base64url');
    const query = new URLSearchParams({
      redirect_uri: callback,
      client_id: id,
      response_type: 'code',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...extra,
    });
    return { url: `/auth/server/authorize?${query}`, verifier };
  };
  return {
    id,
    callback,
    request,
    post,
    async code(browser, extra) {
      const { url, verifier } = request(extra);
      const page = await browser.open(`${s.origin}${url}`);
      const code = new URL(page.url).searchParams.get('code');
      assert.ok(code, `a code in ${page.url}\n${page.text.slice(0, 2000)}`);
      return { code, verifier, page };
    },
    redeem: (path, code, verifier, extra = {}) =>
      post(path, { grant_type: 'authorization_code', client_id: id, redirect_uri: callback, code, code_verifier: verifier, ...extra }),
  };
}
