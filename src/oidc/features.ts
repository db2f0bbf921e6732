import { createHmac } from 'node:crypto';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Clock } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { type ApiLookup, resourceServerInfo } from './apis.ts';
import { type CertificateHeaders, certificateMatches, certificateOf, certificateVerified } from './client-certificate.ts';
import { LEGACY_RESOURCE, legacyResources } from './legacy-audience.ts';
import type { ProviderPages } from './provider.ts';
import { FAPI_ALGORITHMS } from './security-profile.ts';

type Parts = {
  readonly pages: ProviderPages;
  readonly api: ApiLookup;
  readonly limits: Limits;
  readonly now: Clock;
  /** Keys the nonces of proofs of possession; the same in every process. */
  readonly nonceSecret: Buffer;
  readonly certificates?: CertificateHeaders;
  /** Whether the account is there and not disabled. */
  readonly stands: (subject: string) => Promise<boolean>;
};

type Client = { readonly [field: string]: unknown } | undefined;

/** What the protocol library does for us, one row a specification. */
export function protocolFeatures({ pages, api, limits, now, nonceSecret, certificates, stands }: Parts) {
  return {
    devInteractions: { enabled: false },
    externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    introspection: { enabled: true, allowedPolicy: introspectionPolicy(stands) },
    jwtIntrospection: { enabled: true },
    jwtUserinfo: { enabled: true },
    revocation: {
      enabled: true,
      allowedPolicy: (_ctx: unknown, client: { clientId: string }, token: { clientId?: string }) => token.clientId === client.clientId,
    },
    clientCredentials: { enabled: true },
    userinfo: { enabled: true },
    claimsParameter: { enabled: true },
    // RFC 9126; never longer than 60 s.
    pushedAuthorizationRequests: { enabled: true },
    // RFC 9101, by value only: what a request_uri names is never fetched.
    requestObjects: { enabled: true },
    jwtResponseModes: { enabled: true },
    // RFC 9449. A nonce is demanded where the client is registered so, and offered to a proof whose clock is off.
    dPoP: { enabled: true, nonceSecret, requireNonce: (ctx: KoaContextWithOIDC) => ctx.oidc.client?.['dpop_nonce'] === true },
    // RFC 8707, tokens in the form of RFC 9068.
    resourceIndicators: resources(api, limits, now),
    deviceFlow: { enabled: true, userCodeInputSource: pages.deviceCode, userCodeConfirmSource: pages.deviceConfirm, successSource: pages.deviceDone },
    rpInitiatedLogout: { enabled: true, logoutSource: pages.logout, postLogoutSuccessSource: pages.signedOut },
    backchannelLogout: { enabled: true },
    fapi: { enabled: true, profile: (_ctx: unknown, client: Client) => (client?.['security_profile'] ? '2.0' : undefined) },
    ...(certificates ? { mTLS: mutualTls(certificates) } : {}),
  };
}

/** Registered APIs, and beside them the one resource that stands for the tokens of the old paths. */
function resources(api: Parts['api'], limits: Limits, now: Clock) {
  const legacy = legacyResources(now, limits);
  return {
    enabled: true,
    async getResourceServerInfo(ctx: KoaContextWithOIDC, resource: string, client: { clientId: string }) {
      return resource === LEGACY_RESOURCE ? legacy.getResourceServerInfo(ctx, resource, client) : resourceServerInfo(await api(resource), client, limits);
    },
    async defaultResource(ctx: KoaContextWithOIDC, client: unknown, oneOf?: readonly string[]) {
      const found = await legacy.defaultResource(ctx, client, oneOf);
      return Array.isArray(found) && found.length === 1 ? found[0] : found;
    },
    // Whoever named a resource in the authorization request need not name it again; a token of the old paths is for the old paths only.
    useGrantedResource: async (ctx: KoaContextWithOIDC, model: { resource?: string | string[] }) =>
      model.resource !== LEGACY_RESOURCE || (await legacy.useGrantedResource(ctx)),
  };
}

/** RFC 8705: registered with an authority's certificate, or with a self-signed one of their own JWKS. */
function mutualTls(headers: CertificateHeaders) {
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    tlsClientAuth: true,
    selfSignedTlsClientAuth: true,
    getCertificate: (ctx: KoaContextWithOIDC) => certificateOf(ctx, headers),
    certificateAuthorized: (ctx: KoaContextWithOIDC) => certificateVerified(ctx, headers),
    certificateSubjectMatches: (ctx: KoaContextWithOIDC, property: string, expected: string) => certificateMatches(ctx, headers, property, expected),
  };
}

type Introspected = { readonly clientId?: string; readonly accountId?: string; readonly aud?: string | string[] };

/**
 * A client may look at its own tokens; the client that is an API, at tokens that were issued for it. Who may call an API may not. The token of a
 * disabled account is not active, as it is worth nothing at userinfo.
 */
const introspectionPolicy =
  (stands: Parts['stands']) =>
  async (_ctx: unknown, client: { clientId: string; [field: string]: unknown }, { clientId, accountId, aud = [] }: Introspected): Promise<boolean> => {
    const apis = (client['introspects'] as readonly string[] | undefined) ?? [];
    const concerned = clientId === client.clientId || [aud].flat().some((audience) => apis.includes(audience));
    return concerned && (accountId === undefined || (await stands(accountId)));
  };

/** Seconds that an assertion may be good for; the mark of its use is kept as long. */
const LONGEST_ASSERTION = 24 * 60 * 60;

/**
 * No assertion is good for longer than a day (RFC 7523 §3: an end unreasonably far in the future may be refused). The profile takes those for the issuer
 * only, as one string, and no RS256 (FAPI 2.0 §5.3.2.1, §5.4.1).
 */
export const clientAssertionRules =
  (now: Clock) =>
  async (ctx: KoaContextWithOIDC, claims: { aud?: unknown; exp?: number }, header: { alg?: string }): Promise<void> => {
    if ((claims.exp ?? 0) - now() / 1000 > LONGEST_ASSERTION) throw new errors.InvalidClientAuth('exp is too far in the future');
    if (!ctx.oidc.client?.['security_profile']) return;
    if (claims.aud !== ctx.oidc.issuer) throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier url');
    if (!FAPI_ALGORITHMS.includes(header.alg ?? '')) throw new errors.InvalidClientAuth(`alg must be one of ${FAPI_ALGORITHMS.join(', ')}`);
  };

export const nonceSecretFrom = (secret: string): Buffer => createHmac('sha256', secret).update('dpop-nonce').digest();
