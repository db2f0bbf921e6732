/**
 * oidc/ is all that knows the protocol library: the provider and its policy, claims, adapter, keys, clients, and the bridge by which our pages
 * take part in an authorization request. It does not know any page.
 */
import { type ErrorOut, type JWK, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { ACR } from '#src/identity/assurance.ts';
import type { Account, Accounts, Clock, Consents, Durable, Ephemeral } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { createAdapter } from './adapter.ts';
import { CLAIMS, claimsOf, SCOPES } from './claims.ts';
import { EXTRA_METADATA, portalClient, sameSecret } from './clients.ts';
import { pairwiseSubject } from './pairwise.ts';
import { createPolicy } from './policy.ts';
import { createReadAhead, type ReadAhead } from './read-ahead.ts';
import { sandboxMark } from './sandbox-mark.ts';

/** What the pages supply to the provider: an address for an interaction, and the pages that the library would draw itself. */
export type ProviderPages = {
  interactionUrl(ctx: KoaContextWithOIDC, interaction: { uid: string; params: Record<string, unknown> }): Promise<string>;
  logout(ctx: KoaContextWithOIDC, form: string): Promise<void>;
  signedOut(ctx: KoaContextWithOIDC): Promise<void>;
  error(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): Promise<void>;
};

type Parts = {
  readonly issuer: string;
  readonly cookieSecrets: readonly string[];
  readonly pairwiseSecret: string;
  readonly proxyHops: number;
  readonly jwks: { keys: JWK[] };
  readonly durable: Durable;
  readonly ephemeral: Ephemeral;
  readonly now: Clock;
  readonly limits: Limits;
  readonly pages: ProviderPages;
  /** Marks cookies and tokens as a sandbox's, and lets key sets be fetched from a loopback host. */
  readonly sandbox?: boolean;
};

/** Paths that relying parties post to by design; everything else must come from our own pages. */
export const PROTOCOL_POSTS: ReadonlySet<string> = new Set(['/auth', '/token', '/token/introspection', '/token/revocation', '/me', '/session/end', '/request']);

export function createProvider(parts: Parts): Provider {
  const { issuer, limits, pages, durable } = parts;
  const secure = issuer.startsWith('https:');
  const mark = parts.sandbox ? sandboxMark : undefined;
  const prefix = mark?.cookiePrefix ?? '';
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true } as const;

  const readAhead = createReadAhead({ records: durable.records, now: parts.now, request: () => Provider.ctx });

  const provider = new Provider(issuer, {
    adapter: createAdapter({ ephemeral: parts.ephemeral, records: durable.records, clients: durable.clients, readAhead, now: parts.now }),
    clients: [portalClient(issuer)],
    jwks: parts.jwks as never,
    claims: { ...CLAIMS, openid: [...CLAIMS.openid, ...Object.keys(mark?.claims ?? {})] } as never,
    scopes: SCOPES,
    subjectTypes: ['public', 'pairwise'],
    responseTypes: ['code'],
    // Only what we promise; the library's default also offers id_token and none.
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'], clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256'] },
    clientDefaults: { id_token_signed_response_alg: 'RS256', response_types: ['code'], grant_types: ['authorization_code'] },
    extraClientMetadata: { properties: EXTRA_METADATA },
    // `entrance` opens recovery from the portal; `again` marks a request that started again by itself.
    extraParams: ['entrance', 'again'],
    acrValues: Object.keys(ACR),
    pkce: { required: () => true },
    rotateRefreshToken: true,
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
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      clientCredentials: { enabled: true },
      userinfo: { enabled: true },
      resourceIndicators: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: pages.logout, postLogoutSuccessSource: pages.signedOut },
    },
    interactions: { url: (ctx, interaction) => pages.interactionUrl(ctx, interaction), policy: createPolicy() },
    ttl: {
      AuthorizationCode: limits.authorizationCodeLifetime,
      AccessToken: limits.accessTokenLifetime,
      ClientCredentials: limits.accessTokenLifetime,
      IdToken: limits.idTokenLifetime,
      Interaction: limits.interactionLifetime,
      Grant: limits.grantLifetime,
      RefreshToken: (ctx) => refreshLifetime(ctx, limits),
      Session: (_ctx, session) => sessionLifetime(session, limits, parts.now),
    },
    ...(mark ? { extraTokenClaims: () => mark.claims, fetch: mark.fetch } : {}),
    renderError: pages.error,
    pairwiseIdentifier: (_ctx, subject, client) => pairwiseSubject(parts.pairwiseSecret, client['sectorIdentifier'] as string, subject),
    findAccount: (ctx, subject) => findAccount(durable.accounts, readAhead, ctx, subject, mark?.claims),
    loadExistingGrant: (ctx) => loadGrant(durable.consents, ctx),
  });

  provider.proxy = parts.proxyHops > 0;
  provider.maxIpsCount = parts.proxyHops;
  // Stored secrets are hashes; basic and post both come through here.
  Object.defineProperty(provider.Client.prototype, 'compareClientSecret', {
    value(this: { clientSecret?: string }, given: string) {
      return this.clientSecret !== undefined && sameSecret(this.clientSecret, given);
    },
  });
  return provider;
}

/** Checked at every grant, not only at sign-in: a disabled account gets no token from a code or refresh token issued before (CVE-2026-9798). */
async function findAccount(
  accounts: Accounts,
  readAhead: ReadAhead,
  ctx: KoaContextWithOIDC,
  subject: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ accountId: string; record: Account; claims: () => { sub: string } } | undefined> {
  // A session that has a grant for this client is asked for it next.
  const grantId = ctx.oidc.session?.accountId === subject && ctx.oidc.client ? ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId) : undefined;
  if (grantId) await readAhead.grant(grantId, subject);
  const record = readAhead.account(subject) ?? (await accounts.find(subject));
  return record && !record.disabled ? { accountId: subject, record, claims: () => ({ ...claimsOf(record), ...more }) } : undefined;
}

/** Rotation never moves the end (ASVS 10.4.8): the successor lives as long as its predecessor had left. */
function refreshLifetime(ctx: KoaContextWithOIDC, limits: Limits): number {
  const rotated = (ctx?.oidc?.entities as { RotatedRefreshToken?: { remainingTTL: number } } | undefined)?.RotatedRefreshToken;
  return Math.max(1, rotated?.remainingTTL ?? limits.refreshTokenLifetime);
}

/** Idle and absolute at once: the library renews the whole lifetime at every touch, for ever, if it is only a number (measured). */
export function sessionLifetime(session: { loginTs?: number | undefined }, limits: Limits, now: Clock): number {
  const seconds = Math.floor(now() / 1000);
  return Math.max(1, Math.min(limits.sessionIdle, (session.loginTs ?? seconds) + limits.sessionAbsolute - seconds));
}

/**
 * The grant of this session to this client. First parties get what they ask for; a third party gets what the person allowed before, here or in an
 * earlier session, and the consent page asks for the rest.
 */
async function loadGrant(consents: Consents, ctx: KoaContextWithOIDC): Promise<InstanceType<Provider['Grant']> | undefined> {
  const { client, session, account, params, result, provider } = ctx.oidc;
  if (!client || !account || !session) return undefined;
  const known = session.grantIdFor(client.clientId);
  const existing = known ? await provider.Grant.find(known) : undefined;
  // A grant of the account that was signed in here before is not this person's.
  const grant =
    existing && existing.accountId === account.accountId ? existing : new provider.Grant({ accountId: account.accountId, clientId: client.clientId });

  const asked = String(params?.['scope'] ?? '').split(' ');
  const allowed = client['first_party'] ? asked : ((await consentedScopes(consents, grant, account.accountId, client.clientId, asked)) ?? []);
  const missing = asked.filter((scope) => allowed.includes(scope) && !grant.getOIDCScopeEncountered().split(' ').includes(scope));
  if (!missing.length && existing === grant) return grant;
  if (!missing.length && !result?.consent) return undefined;
  if (missing.length) grant.addOIDCScope(missing.join(' '));
  if (client['first_party']) grant.addOIDCClaims([...ctx.oidc.requestParamClaims]);
  await grant.save();
  return grant;
}

async function consentedScopes(
  consents: Consents,
  grant: InstanceType<Provider['Grant']>,
  subject: string,
  clientId: string,
  asked: readonly string[],
): Promise<readonly string[] | undefined> {
  const held = grant.getOIDCScopeEncountered().split(' ');
  return asked.every((scope) => held.includes(scope)) ? held : consents.find(subject, clientId);
}
