import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Consents } from '#src/identity/ports.ts';
import { claimsOpenedBy } from './claims.ts';
import { registeredScopes } from './registered-scope.ts';

type Grant = InstanceType<Provider['Grant']>;
type WithSid = Grant & { sid?: string | undefined };

/**
 * A grant remembers by what name its client knows the session (`sid`, OpenID Connect Front-Channel Logout §3): a change of password ends sessions
 * of other browsers, whose relying parties must be told by that name.
 */
export function rememberSid({ Grant }: Provider): void {
  const kept = Grant.IN_PAYLOAD;
  Object.defineProperty(Grant, 'IN_PAYLOAD', { value: [...kept, 'sid'] });
}

/** How a scope of an API stands in the list of consents; scopes of OpenID Connect stand there by their bare names. */
export const apiScope = (resource: string, scope: string): string => `${resource}|${scope}`;

/** Whether this client's people are asked; first parties are not unless they want it. */
export const consentOf = (client: { readonly [field: string]: unknown }): 'implied' | 'once' | 'always' =>
  (client['consent'] as 'implied' | 'once' | 'always' | undefined) ?? (client['first_party'] ? 'implied' : 'once');

/**
 * The grant of this session to this client. Whoever need not ask gets what it asks for; others get what the person allowed before, here or in an
 * earlier session, and the consent page asks for the rest.
 */
export async function loadGrant(consents: Consents, ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { client, session, account, result, provider } = ctx.oidc;
  if (!client || !account || !session) return undefined;
  const known = session.grantIdFor(client.clientId);
  const existing = known ? await provider.Grant.find(known) : undefined;
  // A grant of the account that was signed in here before is not this person's.
  const kept = existing && existing.accountId === account.accountId ? existing : undefined;
  const grant = kept ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId });

  const asked = askedOf(ctx);
  const policy = consentOf(client);
  const missing = asked.filter((scope) => !holds(grant, scope));
  const claims = [...ctx.oidc.requestParamClaims].some((claim) => !grant.getOIDCClaimsEncountered().includes(claim));
  const allowed =
    policy === 'implied' ? missing : await allowedBefore(consents, account.accountId, client.clientId, missing, policy === 'always' && !result?.['consent']);
  if (!allowed.length && kept && !claims) return kept;
  if (!allowed.length && !kept && !result?.['consent']) return undefined;
  for (const scope of allowed) add(grant, scope);
  judgeClaims(ctx, grant, policy === 'implied');
  session.ensureClientContainer(client.clientId);
  (grant as WithSid).sid = session.sidFor(client.clientId);
  await grant.save();
  return grant;
}

/**
 * Single claims that a request names: given where a scope opens them that the client is registered for and the person allowed, or need not be asked
 * for; refused otherwise. What was refused is judged again, because its scope may have been allowed since.
 */
function judgeClaims(ctx: KoaContextWithOIDC, grant: Grant, all: boolean): void {
  const allowed = grant.getOIDCScope().split(' ');
  const opened = claimsOpenedBy(registeredScopes(ctx.oidc.client ?? {}).filter((scope) => all || allowed.includes(scope)));
  const asked = [...ctx.oidc.requestParamClaims];
  const refused = [...new Set([...asked, ...grant.getRejectedOIDCClaims()])].filter((claim) => !opened.has(claim));
  const given = asked.filter((claim) => opened.has(claim));
  // The library's grant only ever adds to what it refused.
  const { rejected } = grant as { rejected?: { openid?: { claims?: string[] } } };
  if (rejected?.openid) rejected.openid.claims = [];
  if (given.length) grant.addOIDCClaims(given);
  if (refused.length) grant.rejectOIDCClaims(refused);
}

/** Scopes of OpenID Connect, and of every requested API the ones that it knows. */
function askedOf(ctx: KoaContextWithOIDC): string[] {
  const requested = String(ctx.oidc.params?.['scope'] ?? '')
    .split(' ')
    .filter(Boolean);
  const servers = Object.entries((ctx.oidc.resourceServers ?? {}) as Record<string, { scopes: Set<string> }>);
  const ofApis = servers.flatMap(([resource, { scopes }]) => requested.filter((scope) => scopes.has(scope)).map((scope) => apiScope(resource, scope)));
  return [...requested.filter((scope) => ctx.oidc.requestParamOIDCScopes.has(scope)), ...ofApis];
}

const split = (scope: string): [resource: string | undefined, name: string] => {
  const bar = scope.lastIndexOf('|');
  return bar < 0 ? [undefined, scope] : [scope.slice(0, bar), scope.slice(bar + 1)];
};

function holds(grant: Grant, scope: string): boolean {
  const [resource, name] = split(scope);
  const held = resource ? grant.getResourceScopeEncountered(resource) : grant.getOIDCScopeEncountered();
  return held.split(' ').includes(name);
}

function add(grant: Grant, scope: string): void {
  const [resource, name] = split(scope);
  if (resource) grant.addResourceScope(resource, name);
  else grant.addOIDCScope(name);
}

async function allowedBefore(consents: Consents, subject: string, clientId: string, missing: readonly string[], ask: boolean): Promise<readonly string[]> {
  if (!missing.length || ask) return [];
  const allowed = (await consents.find(subject, clientId)) ?? [];
  return missing.filter((scope) => allowed.includes(scope));
}
