import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { Clock } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';

/** How long everything lives, in seconds: the limits, a client's own shorter ones, and those of an API. */
export const lifetimes = (limits: Limits, now: Clock): NonNullable<Configuration['ttl']> => ({
  AuthorizationCode: limits.authorizationCodeLifetime,
  AccessToken: (_ctx, token, client) => token.resourceServer?.accessTokenTTL ?? shorter(limits.accessTokenLifetime, client['access_token_lifetime']),
  ClientCredentials: (_ctx, token, client) => token.resourceServer?.accessTokenTTL ?? shorter(limits.accessTokenLifetime, client['access_token_lifetime']),
  IdToken: (_ctx, _token, client) => shorter(limits.idTokenLifetime, client['id_token_lifetime']),
  DeviceCode: limits.deviceCodeLifetime,
  Interaction: limits.interactionLifetime,
  Grant: limits.grantLifetime,
  RefreshToken: (ctx, _token, client) => refreshLifetime(ctx, shorter(limits.refreshTokenLifetime, client['refresh_token_lifetime'])),
  Session: (_ctx, session) => sessionLifetime(session, limits, now),
});

/** A client's own lifetime where it is shorter, in seconds. */
export const shorter = (limit: number, own: unknown): number => (typeof own === 'number' ? Math.min(limit, own) : limit);

/** Rotation never moves the end (ASVS 10.4.8): the successor lives as long as its predecessor had left. */
function refreshLifetime(ctx: KoaContextWithOIDC, lifetime: number): number {
  const rotated = (ctx?.oidc?.entities as { RotatedRefreshToken?: { remainingTTL: number } } | undefined)?.RotatedRefreshToken;
  return Math.max(1, rotated?.remainingTTL ?? lifetime);
}

/** Idle and absolute at once: the library renews the whole lifetime at every touch, for ever, if it is only a number (measured). */
export function sessionLifetime(session: { loginTs?: number | undefined }, limits: Limits, now: Clock): number {
  const seconds = Math.floor(now() / 1000);
  return Math.max(1, Math.min(limits.sessionIdle, (session.loginTs ?? seconds) + limits.sessionAbsolute - seconds));
}
