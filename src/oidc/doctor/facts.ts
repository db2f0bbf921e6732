/** What the doctor looks at: names, registered metadata, addresses and times. No code, token, secret, state or nonce is among them. */

export const ENDPOINTS = ['authorization', 'token', 'par', 'introspection', 'revocation', 'userinfo', 'logout', 'registration'] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

export type ClientRegistration = {
  readonly clientId: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly grantTypes: readonly string[];
  readonly responseTypes: readonly string[];
  /** Scopes that this client may ask for; undefined: all. */
  readonly scopes?: readonly string[];
  readonly authMethod: string;
  readonly jwksUri?: string;
  readonly native: boolean;
  readonly backChannelUri?: string;
};

/** Claims of a client assertion that a clock or an address decides; seconds since 1970. */
export type AssertionFacts = { readonly exp?: number; readonly iat?: number; readonly nbf?: number; readonly audience?: string };

/** What is known of the code that was sent. `expiredSeconds`: how long ago its life ended. `redirectUri`: the one of its authorization request. */
export type CodeFacts = { readonly used: boolean; readonly expiredSeconds?: number; readonly redirectUri?: string };

export type Facts = {
  readonly endpoint: Endpoint;
  readonly client: ClientRegistration;
  /** Parameters whose values are names or addresses; nothing else of the request. */
  readonly sent: { readonly [parameter in SafeParameter]?: string };
  /** Names of all parameters that were sent. */
  readonly names: ReadonlySet<string>;
  readonly usedAuthMethod: string;
  readonly assertion?: AssertionFacts;
  readonly code?: CodeFacts;
  /** Seconds since 1970. */
  readonly now: number;
};

export const SAFE_PARAMETERS = [
  'redirect_uri',
  'post_logout_redirect_uri',
  'scope',
  'response_type',
  'response_mode',
  'grant_type',
  'prompt',
  'resource',
  'code_challenge_method',
] as const;
export type SafeParameter = (typeof SAFE_PARAMETERS)[number];

/** An error of the protocol library, as far as the doctor reads it: the OAuth error, its words, and what was behind it. */
export type ErrorFacts = {
  /** `error` of RFC 6749 §5.2. */
  readonly error: string;
  readonly description: string;
  readonly detail: string;
  /** Messages and codes of the chain of causes, nearest first. */
  readonly causes: readonly string[];
};

export function errorFacts(error: unknown): ErrorFacts {
  const { error: name, message, error_description: description, error_detail: detail, expose } = (error ?? {}) as Record<string, unknown>;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    error: expose === false ? 'server_error' : text(name) || text(message),
    description: text(description),
    detail: text(detail),
    causes: causesOf(error),
  };
}

const DEPTH = 6;

function causesOf(error: unknown): readonly string[] {
  const found: string[] = [];
  let current = (error as { cause?: unknown } | undefined)?.cause;
  for (let depth = 0; current && depth < DEPTH; depth += 1) {
    const { message, code, name, error_description: description, cause } = current as Record<string, unknown>;
    for (const text of [description, message, code, name]) if (typeof text === 'string' && text) found.push(text);
    current = cause;
  }
  return found;
}
