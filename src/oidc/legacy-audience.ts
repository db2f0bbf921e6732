import type { Context } from 'koa';
import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider';
import type { Clock } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { type LegacyTerms, OWN_NATIONAL_CODE, permits, termsOf } from './legacy-terms.ts';
import type { KnownAccount } from './policy.ts';

/**
 * Old-style access tokens: RS256 JWTs whose `aud` is an array. The library issues them as tokens of one resource of our own; only a request that came
 * in by an old path gets one, so a client that has moved gets the tokens of everybody.
 */
export const LEGACY_RESOURCE = 'urn:profile:legacy';

/** Private claim: the grant that a token hangs on, so that a revoked one is worth nothing at the old user endpoint. */
export const GRANT_CLAIM = 'profile_grant';

/** What src/legacy says of a request that came in by an old path. */
export type LegacyRequest = {
  /** The form of answer knows a refresh token (v2). */
  readonly refresh: boolean;
  /** Asked for; empty when nothing was. */
  readonly audience: readonly string[];
};

export const markLegacy = (ctx: Context, request: LegacyRequest): void => {
  ctx.state['legacy'] = request;
};
const legacyRequest = (ctx: { state: Record<string, unknown> }): LegacyRequest | undefined => ctx.state['legacy'] as LegacyRequest | undefined;

/** The values of the comma list, each once. */
export const audienceList = (text = ''): readonly string[] => [...new Set(text.split(',').map((part) => part.trim()))].filter(Boolean);

/**
 * The audience of a token: what was asked when all of it is allowed, all that is allowed when nothing was asked. Undefined when anything outside is
 * asked. `ownCode` is the signed-in person's national code; it is in a token only when asked for.
 */
export function selectAudience(asked: readonly string[], allowed: readonly string[], ownCode?: string): readonly string[] | undefined {
  const fixed = allowed.filter((value) => value !== OWN_NATIONAL_CODE);
  if (!asked.length) return fixed;
  const own = allowed.includes(OWN_NATIONAL_CODE) ? ownCode : undefined;
  return asked.every((value) => fixed.includes(value) || value === own) ? [...new Set(asked)] : undefined;
}

/** Whether anybody could be given what is asked; told before a code or refresh token is used up. The person's own code is compared at issue. */
export const mayAskAudience = (asked: readonly string[], allowed: readonly string[]): boolean =>
  selectAudience(
    asked.filter((value) => !(allowed.includes(OWN_NATIONAL_CODE) && /^\d{10}$/.test(value))),
    allowed,
  ) !== undefined;

/** `features.resourceIndicators` of the library, for the old tokens only. */
export const legacyResources = (now: Clock, limits: Limits) => ({
  enabled: true as const,
  async defaultResource(ctx: KoaContextWithOIDC, _client: unknown, oneOf?: readonly string[]): Promise<string | readonly string[] | undefined> {
    return oneOf ?? (legacyRequest(ctx) ? LEGACY_RESOURCE : undefined);
  },
  async getResourceServerInfo(ctx: KoaContextWithOIDC, resource: string, client: object): Promise<ResourceServer> {
    const terms = termsOf(client);
    const onOldPath = ctx.oidc.route !== 'token' || legacyRequest(ctx) !== undefined;
    if (resource !== LEGACY_RESOURCE || !onOldPath || !permits(terms, 'paths', now())) throw new errors.InvalidTarget();
    return {
      scope: '',
      audience: ctx.oidc.issuer,
      accessTokenFormat: 'jwt',
      accessTokenTTL: terms.access_token_lifetime ?? limits.accessTokenLifetime,
      jwt: { sign: { alg: 'RS256' } },
    };
  },
  useGrantedResource: async (ctx: KoaContextWithOIDC) => legacyRequest(ctx) !== undefined,
});

type LegacyToken = { resourceServer?: { identifier(): string } | undefined; grantId?: string | undefined; scope?: string | undefined };

/** `formats.customizers.jwt` of the library: audience, scope and grant of an old-style token; other JWTs stay as they are. */
export function stampLegacyToken(ctx: KoaContextWithOIDC, token: LegacyToken, jwt: { payload: Record<string, unknown> }): void {
  if (token.resourceServer?.identifier() !== LEGACY_RESOURCE) return;
  const { entities, client, issuer } = ctx.oidc;
  const terms = termsOf(client) as LegacyTerms;
  const ownCode = (entities.Account as unknown as KnownAccount | undefined)?.record.identifier.value;
  const audience = selectAudience(legacyRequest(ctx)?.audience ?? [], terms.audiences, ownCode);
  if (!audience) throw new errors.InvalidTarget('an audience that is not this client’s');
  const source = entities.AuthorizationCode ?? entities.RefreshToken;
  // A refresh may ask for less than the refresh token holds (RFC 6749 §6).
  const asked = entities.RefreshToken && ctx.oidc.params?.['scope'] ? String(ctx.oidc.params['scope']) : source?.scope;
  token.scope = entities.Grant?.getOIDCScopeFiltered(new Set(asked?.split(' ')));
  Object.assign(jwt.payload, { aud: audience.length ? audience : [issuer], scope: token.scope, [GRANT_CLAIM]: token.grantId });
}

/** The v2 answer has a refresh token without offline_access being asked; everybody else's rule is the library's own. */
export async function issueRefreshToken(
  ctx: KoaContextWithOIDC,
  client: { grantTypeAllowed(type: string): boolean },
  source: { scopes: Set<string> },
): Promise<boolean> {
  return client.grantTypeAllowed('refresh_token') && (source.scopes.has('offline_access') || legacyRequest(ctx)?.refresh === true);
}

/** A token ends with the browser's session, unless offline_access is asked, or stands in the client's terms. */
export const endsWithSession =
  (now: Clock) =>
  async (ctx: KoaContextWithOIDC, source: { scopes: Set<string> }): Promise<boolean> => {
    const terms = termsOf(ctx.oidc.client);
    const offline = permits(terms, 'no-scope', now()) && terms.default_scope.split(' ').includes('offline_access');
    return !offline && !source.scopes.has('offline_access');
  };
