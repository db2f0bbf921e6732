import type { Account } from '#src/identity/ports.ts';
import { CLAIMS, claimsOf, SCOPES } from '../claims.ts';

/** A client as far as its tokens depend on it. `sector` is set for pairwise subjects. */
export type PreviewClient = {
  readonly clientId: string;
  readonly sector?: string;
  readonly scopes?: readonly string[];
  readonly grantTypes: readonly string[];
};
export type PreviewQuestion = {
  readonly client: PreviewClient;
  readonly account: Account;
  readonly scopes: readonly string[];
  /** Address of an API that the access token would be for (RFC 8707). */
  readonly resource?: string;
};
export type PreviewRules = {
  readonly issuer: string;
  /** Seconds. */
  readonly idTokenLifetime: number;
  readonly pairwise: (sector: string, subject: string) => string;
  /** Milliseconds. */
  readonly now: () => number;
};
export type TokenPreview = {
  readonly granted: readonly string[];
  /** Asked for, and not granted: unknown here, or not registered for this client. */
  readonly refused: readonly string[];
  /** Absent without the scope openid. */
  readonly idToken?: Readonly<Record<string, unknown>>;
  /** Absent without the scope openid, and with a resource: that access token does not open userinfo. */
  readonly userinfo?: Readonly<Record<string, unknown>>;
  /** Claims of `idToken` that only a real sign-in decides; what stands there is an example. */
  readonly examples: readonly string[];
};

const EXAMPLES = ['acr', 'amr', 'auth_time', 'iat', 'exp'] as const;

/** The tokens that this person would get, before anyone signs in; nothing is signed or stored. Follows OpenID Connect Core §5.4: with an access token that opens userinfo, scope claims stand there and not in the ID token. */
export function previewToken({ client, account, scopes, resource }: PreviewQuestion, rules: PreviewRules): TokenPreview {
  const asked = [...new Set(scopes)];
  const granted = asked.filter((scope) => allowed(client, scope));
  const refused = asked.filter((scope) => !granted.includes(scope));
  if (!granted.includes('openid')) return { granted, refused, examples: [] };

  const subject = client.sector === undefined ? account.subject : rules.pairwise(client.sector, account.subject);
  const seconds = Math.floor(rules.now() / 1000);
  const known: Record<string, unknown> = {
    ...claimsOf(account),
    sub: subject,
    acr: 'urn:profile:1',
    amr: ['pwd'],
    auth_time: seconds,
  };
  const open = (names: readonly string[]): Record<string, unknown> => {
    const wanted = names.flatMap((scope) => CLAIMS[scope as keyof typeof CLAIMS] ?? []);
    return Object.fromEntries(wanted.flatMap((claim) => (known[claim] === undefined ? [] : [[claim, known[claim]] as const])));
  };
  const withoutSignIn = ({ acr: _acr, amr: _amr, auth_time: _time, ...rest }: Record<string, unknown>): Record<string, unknown> => rest;
  return {
    granted,
    refused,
    idToken: {
      ...open(resource === undefined ? ['openid'] : granted),
      aud: client.clientId,
      exp: seconds + rules.idTokenLifetime,
      iat: seconds,
      iss: rules.issuer,
    },
    ...(resource === undefined ? { userinfo: withoutSignIn(open(granted)) } : {}),
    examples: [...EXAMPLES],
  };
}

const allowed = (client: PreviewClient, scope: string): boolean => {
  if (!SCOPES.includes(scope)) return false;
  if (client.scopes && !client.scopes.includes(scope)) return false;
  return scope !== 'offline_access' || client.grantTypes.includes('refresh_token');
};
