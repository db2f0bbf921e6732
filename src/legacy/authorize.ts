import { createHash, randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import { markLegacy } from '#src/oidc/legacy-audience.ts';
import type { LegacyClient } from '#src/oidc/legacy-bridge.ts';
import { IMPLICIT_MODE } from '#src/oidc/legacy-implicit.ts';
import type { LegacyForm, LegacyTerms } from '#src/oidc/legacy-terms.ts';
import type { Old } from './old.ts';
import { refusalOf, refusedPage } from './permission.ts';

type Query = Readonly<Record<string, string | string[] | undefined>>;

/** Old forms of an authorization request beside its path, and what each becomes. */
const TRANSLATIONS: Readonly<Partial<Record<LegacyForm, { seen(query: Query): boolean; standard(terms: LegacyTerms): Record<string, string> }>>> = {
  'no-scope': { seen: (query) => !query['scope'], standard: (terms) => ({ scope: terms.default_scope }) },
  implicit: {
    seen: (query) => query['response_type'] === 'token',
    standard: () => ({ response_type: 'code', response_mode: IMPLICIT_MODE, code_challenge: lostChallenge(), code_challenge_method: 'S256' }),
  },
};

/** GET /auth/server/authorize: the same request as /auth, with the client's scope when it names none. */
export const authorize: Old = {
  methods: 'GET',
  async translate(ctx, { bridge, now }) {
    const client = await bridge.client(ctx.query['client_id']);
    const forms: LegacyForm[] = ['paths', ...formsOf(ctx.query)];
    const refusal = refusalOf(client, forms, now());
    if (refusal) throw refusedPage(refusal, client?.id);
    const known = client as Required<LegacyClient>;
    markLegacy(ctx, { refresh: false, audience: [] });
    ctx.url = `/auth?${standardQuery(ctx, forms, known.terms)}`;
    return { client: known, forms };
  },
};

const formsOf = (query: Query): LegacyForm[] => (Object.keys(TRANSLATIONS) as LegacyForm[]).filter((form) => TRANSLATIONS[form]?.seen(query));

function standardQuery(ctx: Context, forms: readonly LegacyForm[], terms: LegacyTerms): URLSearchParams {
  const query = new URLSearchParams(ctx.querystring);
  for (const form of forms) {
    for (const [name, value] of Object.entries(TRANSLATIONS[form]?.standard(terms) ?? {})) query.set(name, value);
  }
  return query;
}

/** Of a verifier that nobody has. */
const lostChallenge = (): string => createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url');
