import { addressDifference } from './address-difference.ts';
import type { ErrorFacts, Facts, SafeParameter } from './facts.ts';
import { maskedAddress, maskedName } from './mask.ts';

/** `error`: the request failed. `warning`: it succeeded and should not stay so. `note`: an answer that every relying party meets. */
export type Level = 'error' | 'warning' | 'note';
export type Values = Readonly<Record<string, string | number>>;
/** `code` picks the text `doctor.findings.<code>`, `values` fill it. */
export type Finding = { readonly code: string; readonly level: Level; readonly values: Values };

/** The finding's values, or undefined when the row does not apply. */
type Row = (error: ErrorFacts, facts: Facts) => Finding | undefined;

const found = (code: string, values: Values = {}, level: Level = 'error'): Finding => ({ code, level, values });
const says = (error: ErrorFacts, pattern: RegExp): RegExpExecArray | null =>
  [error.description, error.detail, ...error.causes].map((text) => pattern.exec(text)).find((match) => match !== null) ?? null;

/** A row for words of the library. */
const on =
  (pattern: RegExp, code: string, values: (facts: Facts, match: RegExpExecArray, error: ErrorFacts) => Values = () => ({}), level: Level = 'error'): Row =>
  (error, facts) => {
    const match = says(error, pattern);
    return match ? found(code, values(facts, match, error), level) : undefined;
  };
/** A row for an OAuth error. */
const named =
  (names: readonly string[], code: string, values: (facts: Facts, error: ErrorFacts) => Values = () => ({}), level: Level = 'error'): Row =>
  (error, facts) =>
    names.includes(error.error) ? found(code, values(facts, error), level) : undefined;
const when =
  (condition: (facts: Facts) => boolean, row: Row): Row =>
  (error, facts) =>
    condition(facts) ? row(error, facts) : undefined;

const sent =
  (parameter: SafeParameter) =>
  ({ sent: values }: Facts): string =>
    maskedName(values[parameter] ?? '—');
const listed = (names: readonly string[]): string => names.map(maskedName).join(' ') || '—';
const quoted = (text = ''): string => [...text.matchAll(/'([\w-]+)'/g)].map(([, name]) => name).join(', ') || '—';

function address(parameter: 'redirect_uri' | 'post_logout_redirect_uri', registered: (facts: Facts) => readonly string[]): Row {
  return (_error, facts) => {
    const given = facts.sent[parameter];
    const difference = given === undefined ? undefined : addressDifference(registered(facts), given);
    return difference && found(`address-${difference.difference}`, { parameter, registered: difference.registered || '—', sent: difference.sent });
  };
}

const byCode = ({ sent: values }: Facts): boolean => values.grant_type === 'authorization_code';
const byRefresh = ({ sent: values }: Facts): boolean => values.grant_type === 'refresh_token';
const apart = (now: number, moment = now): number => Math.max(1, Math.abs(Math.round(now - moment)));
const jwks = ({ client }: Facts): Values => ({ uri: client.jwksUri ?? '—' });

/** The first row that applies is the finding: the particular before the general. */
const ROWS: readonly Row[] = [
  on(/^ordered in the sandbox$/, 'ordered', () => ({}), 'note'),
  named(['server_error'], 'ours'),
  on(/the demanded acr needs a code by SMS/, 'level-unreachable'),

  // What every relying party meets. The library's words of them would also fit rows below.
  named(['access_denied'], 'refused', () => ({}), 'note'),
  named(
    ['login_required', 'consent_required', 'interaction_required', 'account_selection_required'],
    'needs-person',
    (_facts, { error }) => ({ error }),
    'note',
  ),

  // Addresses.
  (error, facts) =>
    error.error === 'invalid_redirect_uri' || /redirect_uri did not match/.test(error.description)
      ? address('redirect_uri', ({ client }) => client.redirectUris)(error, facts)
      : undefined,
  (error, facts) =>
    says(error, /post_logout_redirect_uri not registered/)
      ? address('post_logout_redirect_uri', ({ client }) => client.postLogoutRedirectUris)(error, facts)
      : undefined,
  on(/code redirect_uri mismatch/, 'code-redirect', ({ code, sent: values }) => ({
    expected: maskedAddress(code?.redirectUri ?? '—'),
    sent: maskedAddress(values.redirect_uri ?? '—'),
  })),

  // PKCE (RFC 7636).
  on(/requires PKCE/, 'pkce-missing'),
  on(/code_challenge_method must be provided/, 'pkce-method-missing', () => ({ method: 'S256' })),
  on(/not supported value of code_challenge_method/, 'pkce-method', (facts) => ({ method: 'S256', sent: sent('code_challenge_method')(facts) })),
  on(/code_challenge must be provided/, 'pkce-missing'),
  on(/^(code_challenge|code_verifier) (?:must be a string|contains invalid)/, 'pkce-format', (_facts, [, parameter = '']) => ({
    parameter,
    minimum: 43,
    maximum: 128,
  })),
  on(/code_verifier must be provided/, 'verifier-missing'),
  on(/code_verifier does not match/, 'verifier-wrong'),

  // Proofs of possession (RFC 9449). A demand for a nonce is part of the protocol, unless a clock is the reason.
  on(/DPoP proof iat is not recent enough/, 'dpop-clock'),
  named(['use_dpop_nonce'], 'dpop-nonce', () => ({}), 'note'),
  on(/DPoP proof JWT Replay detected/, 'dpop-used'),
  on(/DPoP proof JWT not provided|missing DPoP proof JWT/, 'dpop-missing'),
  on(/DPoP proof key thumbprint does not match/, 'dpop-key'),
  on(/DPoP proof (?:must have a )?(iat|jti|htm|htu|ath|nonce) /, 'dpop-claim', (_facts, [, claim = '']) => ({ claim })),
  named(['invalid_dpop_proof'], 'dpop-format'),

  // Codes and refresh tokens. A code that was used twice has lost its grant too, so what is known of the code comes first.
  when((facts) => byCode(facts) && facts.code?.used === true, on(/already|not found|grant/, 'code-used')),
  when(
    (facts) => byCode(facts) && facts.code?.expiredSeconds !== undefined,
    on(/not found|expired/, 'code-expired', ({ code }) => ({ seconds: code?.expiredSeconds ?? 0 })),
  ),
  when(byCode, on(/authorization code not found/, 'code-unknown')),
  when(byCode, on(/already (used|consumed)/, 'code-used')),
  when(byRefresh, on(/already (used|consumed)/, 'refresh-used')),
  when(byRefresh, on(/refresh token not found/, 'refresh-unknown')),
  when(byRefresh, on(/refresh token is expired/, 'refresh-expired')),
  on(/client mismatch|clientId mismatch/, 'other-client'),
  on(/referenced account not found|associated account not found/, 'account-gone'),
  on(/grant (not found|is expired)/, 'grant-ended'),
  on(/access token not found/, 'access-token-unknown'),
  on(/token audience prevents/, 'token-audience'),

  // Who the client is.
  on(/invalid secret provided/, 'secret-wrong'),
  on(/does not match the registered client authentication method/, 'auth-method', ({ client, usedAuthMethod }) => ({
    registered: client.authMethod,
    used: usedAuthMethod,
  })),
  on(/only be provided using one mechanism/, 'auth-several'),
  on(/client secret is expired/, 'secret-expired'),
  on(/authorization header|Authorization header/, 'auth-header'),
  on(/hostname resolves to a special-use IP address/, 'jwks-private', jwks),
  on(/unexpected jwks_uri response status code.* got (\d+)/, 'jwks-status', (facts, [, status]) => ({ ...jwks(facts), status: String(status) })),
  when(
    ({ client }) => client.jwksUri !== undefined,
    on(/JSON Web Key Set is invalid|is not valid JSON|SyntaxError|response too large|TypeError: keys/, 'jwks-content', jwks),
  ),
  on(/JSON Web Key Set failed to be refreshed/, 'jwks-unreachable', jwks),
  on(/jwt expired/, 'assertion-expired', ({ now, assertion }) => ({ seconds: apart(now, assertion?.exp) })),
  on(/jwt not active yet/, 'assertion-early', ({ now, assertion }) => ({ seconds: apart(now, assertion?.nbf) })),
  on(/jwt issued in the future/, 'assertion-future', ({ now, assertion }) => ({ seconds: apart(now, assertion?.iat) })),
  on(/alg mismatch|^alg must be one of/, 'assertion-algorithm'),
  on(/JWSSignatureVerificationFailed|signature verification failed/, 'assertion-signature'),
  on(/JWKSNoMatchingKey|no applicable key found/, 'assertion-key'),
  on(/audience \(aud\)|jwt audience missing/, 'assertion-audience', ({ assertion }) => ({ sent: maskedAddress(assertion?.audience ?? '—') })),
  on(/assertion tokens must only be used once/, 'assertion-replayed'),
  on(/^(?:unique )?(jti|iss|aud|sub|expiration)\b.*(?:client_assertion JWT|must be the client_id)/, 'assertion-claim', (_facts, [, claim = '']) => ({
    claim: claim === 'expiration' ? 'exp' : claim,
  })),
  on(/client_assertion/, 'assertion-format'),

  // Scopes.
  on(/requested scope is not allowed/, 'scope-not-registered', (facts) => ({
    sent: sent('scope')(facts),
    registered: listed(facts.client.scopes ?? []),
  })),
  on(/scope contains invalid characters/, 'scope-characters'),
  on(/refresh token missing requested scope|access token missing requested scope/, 'scope-wider', (facts) => ({ sent: sent('scope')(facts) })),
  on(/openid scope/, 'scope-openid'),

  // Kinds of requests.
  on(/requested grant type is not allowed/, 'grant-not-registered', (facts) => ({
    sent: sent('grant_type')(facts),
    registered: listed(facts.client.grantTypes),
  })),
  named(['unsupported_grant_type'], 'grant-unsupported', (facts) => ({ sent: sent('grant_type')(facts) })),
  on(/requested response_type is not allowed/, 'response-type-not-registered', (facts) => ({
    sent: sent('response_type')(facts),
    registered: listed(facts.client.responseTypes),
  })),
  named(['unsupported_response_type'], 'response-type-unsupported', (facts) => ({ sent: sent('response_type')(facts) })),
  on(/response_mode/, 'response-mode', (facts) => ({ sent: sent('response_mode')(facts) })),
  named(['unsupported_response_mode'], 'response-mode', (facts) => ({ sent: sent('response_mode')(facts) })),
  on(/prompt/, 'prompt', (facts) => ({ sent: sent('prompt')(facts) })),
  on(/request_uri is invalid, expired, or was already used/, 'request-uri-over'),
  on(/Pushed Authorization Request must be used/, 'request-not-pushed'),
  on(/Request Object must be used/, 'request-not-signed'),
  named(['request_not_supported', 'request_uri_not_supported', 'invalid_request_uri'], 'request-uri'),
  named(['invalid_request_object'], 'request-object', (_facts, { description }) => ({ description: maskedName(description || '—') })),

  // APIs (RFC 8707).
  named(['invalid_target'], 'target', ({ sent: values }) => ({ sent: maskedAddress(values.resource ?? '—') })),
  on(/Structured JWT Tokens cannot be/, 'token-structured'),

  // Sign-out.
  on(/client_id does not match the provided id_token_hint/, 'hint-other-client'),
  on(/id_token_hint/, 'hint-bad'),

  // Forms.
  on(/missing required parameters? (.+)/, 'parameter-missing', (_facts, [, names]) => ({ names: quoted(names) })),
  on(/(.+) parameters? must not be provided twice/, 'parameter-twice', (_facts, [, names]) => ({ names: quoted(names) })),
  on(/content-type bodies are supported|failed to parse the request body/, 'content-type', () => ({ type: 'application/x-www-form-urlencoded' })),
];

/** The registration itself contradicts the protocol library, which therefore knows no such client. `description`: the library's words. */
export const registrationFinding = (description: string): Finding => found('registration', { description: maskedName(description || '—') });

/** What went wrong, in one of our words. Pure. */
export function explain(error: ErrorFacts, facts: Facts): Finding {
  for (const row of ROWS) {
    const finding = row(error, facts);
    if (finding) return finding;
  }
  return found('other', { error: maskedName(error.error || '—'), description: maskedName(error.description || '—') });
}

/** What should not stay so in an authorization request that succeeded. `known`: every scope of this server. Pure. */
export function remarks(facts: Pick<Facts, 'names' | 'sent'>, known: readonly string[]): readonly Finding[] {
  const asked = facts.sent.scope?.split(' ').filter(Boolean) ?? [];
  const unknown = asked.filter((scope) => !known.includes(scope));
  return [
    ...(facts.names.has('state') ? [] : [found('state-missing', {}, 'warning')]),
    ...(facts.names.has('nonce') || !asked.includes('openid') ? [] : [found('nonce-missing', {}, 'warning')]),
    ...(unknown.length ? [found('scope-unknown', { sent: listed(unknown), known: listed(known) }, 'warning')] : []),
  ];
}

/** Every code there is, for the texts and their test. */
export const FINDING_CODES: readonly string[] = [
  ...['ours', 'ordered', 'level-unreachable', 'registration'],
  ...['slash', 'case', 'query', 'fragment', 'scheme', 'port', 'host', 'path', 'unreadable', 'none-registered', 'several'].map((one) => `address-${one}`),
  ...['code-redirect', 'code-used', 'code-expired', 'code-unknown'],
  ...['pkce-missing', 'pkce-method-missing', 'pkce-method', 'pkce-format', 'verifier-missing', 'verifier-wrong'],
  ...['dpop-clock', 'dpop-nonce', 'dpop-used', 'dpop-missing', 'dpop-key', 'dpop-claim', 'dpop-format'],
  ...['refresh-used', 'refresh-unknown', 'refresh-expired', 'other-client', 'account-gone', 'grant-ended', 'access-token-unknown', 'token-audience'],
  ...['secret-wrong', 'secret-expired', 'auth-method', 'auth-several', 'auth-header'],
  ...['jwks-private', 'jwks-status', 'jwks-content', 'jwks-unreachable'],
  ...['assertion-expired', 'assertion-early', 'assertion-future', 'assertion-algorithm', 'assertion-signature', 'assertion-key'],
  ...['assertion-audience', 'assertion-replayed', 'assertion-claim', 'assertion-format'],
  ...['scope-not-registered', 'scope-characters', 'scope-wider', 'scope-openid', 'scope-unknown'],
  ...['grant-not-registered', 'grant-unsupported', 'response-type-not-registered', 'response-type-unsupported', 'response-mode'],
  ...['prompt', 'request-uri-over', 'request-not-pushed', 'request-not-signed', 'request-uri', 'request-object', 'target', 'token-structured'],
  ...['hint-other-client', 'hint-bad'],
  ...['parameter-missing', 'parameter-twice', 'content-type', 'refused', 'needs-person', 'state-missing', 'nonce-missing', 'other'],
];
