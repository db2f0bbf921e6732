/**
 * oidc/ is all that knows the protocol library: the provider and its policy, claims, adapter, keys, clients, and the bridge by which our pages
 * take part in an authorization request. It does not know any page.
 */
import { type ErrorOut, type JWKS, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { ACR } from '#src/identity/assurance.ts';
import type { Clients, Clock, Durable, Ephemeral } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { accountLookup, accountStands } from './account-lookup.ts';
import { createAdapter } from './adapter.ts';
import type { ApiLookup } from './apis.ts';
import { CLAIMS, SCOPES } from './claims.ts';
import type { CertificateHeaders } from './client-certificate.ts';
import { EXTRA_METADATA } from './client-metadata.ts';
import { compareHashes, portalClient, withoutCertificates, withoutConformance } from './clients.ts';
import { mayCall } from './cross-origin.ts';
import { keepDevicePace } from './device-pace.ts';
import { clientAssertionRules, nonceSecretFrom, protocolFeatures } from './features.ts';
import { loadGrant, rememberSid } from './grant.ts';
import { ALGORITHMS } from './key-material.ts';
import type { SigningKeys } from './keys.ts';
import { endsWithSession, issueRefreshToken } from './legacy-audience.ts';
import { lifetimes } from './lifetimes.ts';
import { takeOnce } from './once.ts';
import { believeSectors, pairwiseSubject, sectorOf } from './pairwise.ts';
import { createPolicy } from './policy.ts';
import { createReadAhead } from './read-ahead.ts';
import { refuseUnregisteredGrants } from './registered-grants.ts';
import { keepWithinRegistration } from './registered-scope.ts';
import { sandboxMark } from './sandbox-mark.ts';
import { beforeSigning, extraClaims } from './token-claims.ts';
import { createTokenExchange, type PublicKeys } from './token-exchange.ts';

/** What the pages supply to the provider: an address for an interaction, and the pages that the library would draw itself. */
export type ProviderPages = {
  interactionUrl(ctx: KoaContextWithOIDC, interaction: { uid: string; params: Record<string, unknown>; deviceCode?: unknown }): Promise<string>;
  logout(ctx: KoaContextWithOIDC, form: string): Promise<void>;
  signedOut(ctx: KoaContextWithOIDC): Promise<void>;
  error(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): Promise<void>;
  deviceCode(ctx: KoaContextWithOIDC, form: string, out?: ErrorOut, error?: Error): Promise<void>;
  deviceConfirm(ctx: KoaContextWithOIDC, form: string, client: unknown, deviceInfo: unknown, userCode: string): Promise<void>;
  deviceDone(ctx: KoaContextWithOIDC): Promise<void>;
};

type Parts = {
  readonly issuer: string;
  readonly cookieSecrets: readonly string[];
  readonly pairwiseSecret: string;
  readonly proxyHops: number;
  /** Keys the nonces of DPoP. */
  readonly dataSecret: string;
  readonly certificates?: CertificateHeaders;
  /** Whether addresses of relying parties (jwks_uri, back-channel logout) may lie on this machine or network. */
  readonly innerAddresses: boolean;
  /** Clients of certification suites exist. */
  readonly conformance: boolean;
  /** The public halves of all keys that may have signed a living token. */
  readonly publicKeys: PublicKeys;
  readonly jwks: ReturnType<SigningKeys['served']>;
  readonly durable: Durable;
  readonly ephemeral: Ephemeral;
  readonly api: ApiLookup;
  readonly now: Clock;
  readonly limits: Limits;
  readonly pages: ProviderPages;
  /** Marks cookies and tokens as a sandbox's, and lets key sets be fetched from a loopback host. */
  readonly sandbox?: boolean;
};

/** Paths that relying parties post to by design; everything else must come from our own pages. */
export const PROTOCOL_POSTS: ReadonlySet<string> = new Set([
  '/auth',
  '/token',
  '/token/introspection',
  '/token/revocation',
  '/me',
  '/session/end',
  '/request',
  '/device/auth',
]);

/** A key set or a sector document larger than this is not read. */
const FETCHED_BYTES = 64 * 1024;

export function createProvider(parts: Parts): Provider {
  const { issuer, limits, pages, durable, api } = parts;
  const secure = issuer.startsWith('https:');
  const mark = parts.sandbox ? sandboxMark : undefined;
  const prefix = mark?.cookiePrefix ?? '';
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true } as const;

  const readAhead = createReadAhead({ records: durable.records, now: parts.now, request: () => Provider.ctx });
  const accounts = { accounts: durable.accounts, readAhead };

  const provider = new Provider(issuer, {
    adapter: createAdapter({
      ephemeral: parts.ephemeral,
      records: durable.records,
      clients: knownClients(parts),
      readAhead,
      codeLifetime: Math.max(limits.authorizationCodeLifetime, limits.deviceCodeLifetime),
      now: parts.now,
    }),
    clients: [portalClient(issuer)],
    jwks: parts.jwks as JWKS,
    claims: { ...CLAIMS, openid: [...CLAIMS.openid, ...Object.keys(mark?.claims ?? {})] } as never,
    scopes: SCOPES,
    subjectTypes: ['public', 'pairwise'],
    responseTypes: ['code'],
    // Only what we promise; the library's default also offers id_token and none.
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
      ...(parts.certificates ? (['tls_client_auth', 'self_signed_tls_client_auth'] as const) : []),
    ],
    enabledJWA: {
      idTokenSigningAlgValues: [...ALGORITHMS],
      userinfoSigningAlgValues: [...ALGORITHMS],
      introspectionSigningAlgValues: [...ALGORITHMS],
      authorizationSigningAlgValues: [...ALGORITHMS],
      clientAuthSigningAlgValues: [...ALGORITHMS],
      requestObjectSigningAlgValues: [...ALGORITHMS],
      dPoPSigningAlgValues: ALGORITHMS.filter((algorithm) => algorithm !== 'RS256'),
    },
    clientDefaults: { id_token_signed_response_alg: 'RS256', response_types: ['code'], grant_types: ['authorization_code'] },
    extraClientMetadata: { properties: EXTRA_METADATA },
    // `entrance` opens recovery from the portal; `again` marks a request that started again by itself.
    extraParams: ['entrance', 'again'],
    extraTokenClaims: extraClaims(() => exchange, mark?.claims),
    formats: { customizers: { jwt: beforeSigning(() => exchange) } } as never,
    acrValues: Object.keys(ACR),
    // Off for the certification suite's clients only, and only in its setting.
    pkce: { required: (_ctx, client) => !(parts.conformance && client['conformance'] && client['pkce_required'] === false) },
    clientBasedCORS: (_ctx, origin, client) => mayCall(origin, client),
    assertJwtClientAuthClaimsAndHeader: clientAssertionRules(parts.now) as never,
    // The examples, a sandbox's integrator and the certification suite are on the same machine; nowhere else is an inner address ever fetched.
    ...(mark || parts.innerAddresses ? { fetch: sandboxMark.fetch as never } : {}),
    fetchResponseBodyLimits: { jwks_uri: FETCHED_BYTES, sector_identifier_uri: FETCHED_BYTES } as never,
    // FAPI 2.0 §5.3.2.1: no rotation where client and tokens are bound to keys; a lost answer would lose the grant.
    rotateRefreshToken: (ctx) => !ctx.oidc.client?.['security_profile'],
    issueRefreshToken,
    expiresWithSession: endsWithSession(parts.now),
    allowOmittingSingleRegisteredRedirectUri: false,
    cookies: {
      keys: [...parts.cookieSecrets],
      names: {
        session: secure ? '__Host-session' : `${prefix}session`,
        interaction: secure ? '__Secure-interaction' : `${prefix}interaction`,
        resume: secure ? '__Secure-resume' : `${prefix}resume`,
      },
      long: { ...cookie, path: '/' },
      short: cookie,
    },
    discovery: { prompt_values_supported: ['none', 'login', 'consent', 'select_account', 'create'], ui_locales_supported: ['fa', 'en'] },
    features: protocolFeatures({
      pages,
      api,
      limits,
      now: parts.now,
      nonceSecret: nonceSecretFrom(parts.dataSecret),
      stands: accountStands(accounts),
      ...(parts.certificates ? { certificates: parts.certificates } : {}),
    }) as never,
    interactions: { url: (ctx, interaction) => pages.interactionUrl(ctx, interaction), policy: createPolicy() },
    ttl: lifetimes(limits, parts.now),
    renderError: pages.error,
    pairwiseIdentifier: (_ctx, subject, client) => pairwiseSubject(parts.pairwiseSecret, sectorOf(client), subject),
    findAccount: accountLookup({ ...accounts, more: mark?.claims }),
    loadExistingGrant: (ctx) => loadGrant(durable.consents, ctx),
  });

  const exchange = createTokenExchange({
    provider,
    records: durable.records,
    ephemeral: parts.ephemeral,
    api,
    keys: parts.publicKeys,
    now: parts.now,
    limits,
  });
  exchange.register();
  rememberSid(provider);
  refuseUnregisteredGrants(provider);
  keepWithinRegistration(provider);
  keepDevicePace({ provider, ephemeral: parts.ephemeral, lifetime: limits.deviceCodeLifetime });
  takeOnce(provider, parts.ephemeral, parts.now);
  compareHashes(provider);
  believeSectors(provider);

  provider.proxy = parts.proxyHops > 0;
  provider.maxIpsCount = parts.proxyHops;
  return provider;
}

/** Registered clients as far as this installation can serve them. */
function knownClients({ durable, conformance, certificates }: Parts): Pick<Clients, 'find'> {
  const clients = conformance ? durable.clients : withoutConformance(durable.clients);
  return certificates ? clients : withoutCertificates(clients);
}
