import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import type { Clock, Ephemeral, Records } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { type ApiLookup, resourceServerInfo } from './apis.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const JWT_TOKEN = 'urn:ietf:params:oauth:token-type:jwt';
const PARAMETERS = ['subject_token', 'subject_token_type', 'requested_token_type', 'resource', 'audience', 'scope', 'actor_token', 'actor_token_type'] as const;

/** The public halves of all keys that may have signed a living token. */
export type PublicKeys = () => readonly JWK[];

type Actor = { readonly sub: string; readonly act?: Actor };
/** What is remembered of an access token for as long as it lives; ends with its grant. */
type Trail = {
  readonly accountId: string;
  readonly grantId: string;
  readonly iat: number;
  readonly exp: number;
  readonly scope: string;
  readonly aud: string;
  readonly act?: Actor;
};

type Parts = {
  readonly provider: Provider;
  readonly records: Pick<Records, 'findGrant'>;
  readonly ephemeral: Ephemeral;
  readonly api: ApiLookup;
  readonly keys: PublicKeys;
  readonly now: Clock;
  readonly limits: Limits;
};

export type TokenExchange = ReturnType<typeof createTokenExchange>;

const trailKey = (jti: string): string => `trail:${jti}`;

/**
 * Token exchange (RFC 8693) for one service calling another on a person's behalf. Only clients registered for it, only from and to the APIs they are
 * registered for; scope, audience and lifetime never grow. What one token allows is remembered beside it, so that a signed token whose grant has
 * ended cannot be exchanged although its signature still holds.
 */
export function createTokenExchange({ provider, records, ephemeral, api, keys, now, limits }: Parts) {
  const actors = new WeakMap<object, Actor>();

  /** The facts of a subject token; throws invalid_request (RFC 8693 §2.2.2) for anything that is not a living access token of ours. */
  const trailOf = async (token: string): Promise<Trail> => {
    const refuse = (): never => {
      throw new errors.InvalidRequest('subject_token is not an access token of this server, or has ended');
    };
    const opaque = await provider.AccessToken.find(token);
    if (opaque?.grantId) {
      const { accountId, grantId, iat = 0, exp = 0, scope = '', aud, extra } = opaque;
      const act = extra?.['act'] as Actor | undefined;
      return { accountId, grantId, iat, exp, scope, aud: String(aud ?? ''), ...(act ? { act } : {}) };
    }
    const verified = await jwtVerify(token, createLocalJWKSet({ keys: [...keys()] }), {
      issuer: provider.issuer,
      typ: 'at+jwt',
      currentDate: new Date(now()),
    }).catch(refuse);
    const text = await ephemeral.get(trailKey(String(verified.payload.jti)));
    return text ? (JSON.parse(text) as Trail) : refuse();
  };

  const exchange = async (ctx: KoaContextWithOIDC): Promise<void> => {
    const { client, params } = ctx.oidc;
    if (!client) throw new errors.InvalidClient('no client');
    const asked = Object.fromEntries(PARAMETERS.map((name) => [name, params?.[name] as string | undefined]));
    const target = targetOf(asked);
    const permitted = client['token_exchange'] as { from: readonly string[]; to: readonly string[] } | undefined;
    if (!permitted?.to.includes(target)) throw new errors.InvalidTarget('the client may not exchange a token for this resource');
    if (client.clientAuthMethod === 'none') throw new errors.UnauthorizedClient('a client without authentication cannot exchange tokens');
    if (client['dpopBoundAccessTokens'] || client['tlsClientCertificateBoundAccessTokens'])
      throw new errors.InvalidRequest('a client whose tokens are bound to a key cannot exchange tokens');

    const trail = await trailOf(asked['subject_token'] ?? '');
    if (!permitted.from.includes(trail.aud)) throw new errors.InvalidRequest('subject_token was not issued for an API of this client');
    // Sign-out, a change of password and a withdrawal all end the grant.
    const { grant, account } = await records.findGrant(trail.grantId, trail.accountId, now());
    if (!grant || !account || account.disabled) throw new errors.InvalidRequest('subject_token has ended');

    const found = await api(target);
    const info = await resourceServerInfo(found, client, limits);
    const scope = narrowed(trail.scope, info.scope, asked['scope']);
    const left = Math.floor(trail.exp - now() / 1000);
    if (left < 1) throw new errors.InvalidRequest('subject_token has ended');

    const token = new provider.AccessToken({ accountId: trail.accountId, client, grantId: trail.grantId, gty: TOKEN_EXCHANGE, scope } as never);
    token.resourceServer = new provider.ResourceServer(target, { ...info, accessTokenTTL: Math.min(left, info.accessTokenTTL) } as never);
    actors.set(token, { sub: client.clientId, ...(trail.act ? { act: trail.act } : {}) });
    ctx.oidc.entity('AccessToken', token);
    const value = await token.save();
    ctx.body = { access_token: value, issued_token_type: ACCESS_TOKEN, token_type: token.tokenType, expires_in: token.expiration, scope };
  };

  return {
    register(): void {
      provider.registerGrantType(TOKEN_EXCHANGE, exchange as never, [...PARAMETERS]);
    },
    /** Who acts for the person, for the claim `act` of a token that was exchanged (RFC 8693 §4.1). */
    actorOf: (token: object): Actor | undefined => actors.get(token),
    /** Remembers what a signed access token allows; it is not stored otherwise. */
    async remember(
      token: { jti: string; accountId?: string; grantId?: string; scope?: string },
      payload: { iat: number; exp: number; aud: string },
    ): Promise<void> {
      if (!token.accountId || !token.grantId) return;
      const act = actors.get(token);
      const trail: Trail = { accountId: token.accountId, grantId: token.grantId, scope: token.scope ?? '', ...payload, ...(act ? { act } : {}) };
      await ephemeral.put(trailKey(token.jti), JSON.stringify(trail), Math.max(1, Math.ceil(payload.exp - now() / 1000)), `grant:${token.grantId}`);
    },
  };
}

/** The one resource that is asked for; `audience` is understood as the same (RFC 8693 §2.1). Throws for what we do not do. */
function targetOf(asked: Readonly<Record<string, string | undefined>>): string {
  const { subject_token: token, subject_token_type: type, requested_token_type: wanted, resource, audience, actor_token: actor } = asked;
  if (!token) throw new errors.InvalidRequest('subject_token is missing');
  if (type !== ACCESS_TOKEN && type !== JWT_TOKEN) throw new errors.InvalidRequest('subject_token_type must be that of an access token');
  if (wanted && wanted !== ACCESS_TOKEN && wanted !== JWT_TOKEN) throw new errors.InvalidRequest('only access tokens are issued');
  if (actor) throw new errors.InvalidRequest('actor_token is not supported; the client itself is the actor');
  const targets = [...new Set([resource, audience].filter((name) => name !== undefined))];
  if (targets.length !== 1 || !targets[0]) throw new errors.InvalidTarget('name exactly one resource');
  return targets[0];
}

/** Scopes that the subject token has and the target knows; what was asked must be among them. */
function narrowed(held: string, known: string, asked: string | undefined): string {
  const had = held.split(' ').filter(Boolean);
  const allowed = known.split(' ').filter((scope) => had.includes(scope));
  const wanted = asked ? asked.split(' ').filter(Boolean) : allowed;
  if (!wanted.length || wanted.some((scope) => !allowed.includes(scope))) throw new errors.InvalidScope('scope may only become narrower', asked ?? held);
  return wanted.join(' ');
}
