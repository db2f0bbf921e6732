import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Account, Clock, Durable } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { GRANT_CLAIM } from './legacy-audience.ts';
import { openImplicit } from './legacy-implicit.ts';
import { type LegacyForm, type LegacyTerms, permits, termsOf } from './legacy-terms.ts';

export type LegacyClient = { readonly id: string; readonly terms?: LegacyTerms; readonly redirectUris: readonly string[] };

/** What an old-style access token says and stands for, after every check. */
export type LegacyBearer = { readonly client: LegacyClient; readonly subject: string; readonly account: Account; readonly scopes: ReadonlySet<string> };

/** Everything the compatibility room may do with the protocol library. */
export type LegacyBridge = ReturnType<typeof createLegacyBridge>;

type Parts = {
  readonly provider: Provider;
  readonly durable: Pick<Durable, 'records' | 'accounts'>;
  readonly jwks: () => { keys: JWK[] };
  readonly now: Clock;
  readonly limits: Limits;
  /** An old form was used in a place that only the library sees. */
  readonly used: (ctx: KoaContextWithOIDC, client: LegacyClient, form: LegacyForm) => void;
};

const CLIENT_ID = /^[\x21-\x7e]{1,128}$/;

export function createLegacyBridge({ provider, durable, jwks, now, limits, used }: Parts) {
  openImplicit(provider, now);

  // The library sends `answer` to the relying party as it is after its listeners ran.
  provider.on('authorization.success', (ctx: KoaContextWithOIDC, answer?: Record<string, unknown>) => {
    const client = ctx.oidc.client && clientOf(ctx.oidc.client);
    if (!client || !answer?.['code'] || ctx.oidc.responseMode === 'legacy_token' || !permits(client.terms, 'expires-in', now())) return;
    answer['expires_in'] = limits.authorizationCodeLifetime;
    used(ctx, client, 'expires-in');
  });

  const find = async (id: unknown): Promise<LegacyClient | undefined> => {
    const client = typeof id === 'string' && CLIENT_ID.test(id) ? await provider.Client.find(id) : undefined;
    return client && clientOf(client);
  };

  return {
    client: find,

    /** Undefined for anything but an old-style access token of ours whose grant and account still stand. */
    async bearer(token: string): Promise<LegacyBearer | undefined> {
      const claims = await verify(token);
      const grantId = claims?.[GRANT_CLAIM];
      if (!claims || typeof grantId !== 'string') return undefined;
      const [client, grant] = await Promise.all([find(claims['client_id']), durable.records.find('Grant', grantId, now())]);
      const account = grant?.subject ? await durable.accounts.find(grant.subject) : undefined;
      if (!client || grant?.clientId !== client.id || !account || account.disabled) return undefined;
      return { client, account, subject: String(claims.sub), scopes: new Set(String(claims['scope'] ?? '').split(' ')) };
    },
  };

  async function verify(token: string) {
    const options = { issuer: provider.issuer, typ: 'at+jwt', algorithms: ['RS256'], currentDate: new Date(now()) };
    try {
      return (await jwtVerify(token, createLocalJWKSet({ keys: jwks().keys.map(publicPart) }), options)).payload;
    } catch {
      return undefined;
    }
  }
}

function clientOf(client: { clientId: string; redirectUris?: readonly string[] | undefined }): LegacyClient {
  const terms = termsOf(client);
  return { id: client.clientId, redirectUris: client.redirectUris ?? [], ...(terms ? { terms } : {}) };
}

const PUBLIC = new Set(['kty', 'kid', 'alg', 'use', 'n', 'e', 'crv', 'x', 'y']);
const publicPart = (key: JWK): JWK => Object.fromEntries(Object.entries(key).filter(([name]) => PUBLIC.has(name))) as JWK;
