/** FAPI 2.0 Security Profile (final, 22 February 2025) and FAPI 2.0 Message Signing, as one switch on a client. */
export const FAPI_PROFILES = ['fapi2', 'fapi2-message-signing'] as const;
export type FapiProfile = (typeof FAPI_PROFILES)[number];

/** Algorithms that the profile allows (FAPI 2.0 §5.4.1); RS256 is not among them. */
export const FAPI_ALGORITHMS: readonly string[] = ['PS256', 'ES256', 'EdDSA'];

/** What the switch means in registered metadata; each value may be replaced by an allowed other one. */
const METADATA: Readonly<Record<FapiProfile, Readonly<Record<string, unknown>>>> = {
  fapi2: { require_pushed_authorization_requests: true, id_token_signed_response_alg: 'PS256', token_endpoint_auth_signing_alg: 'PS256' },
  'fapi2-message-signing': {
    require_pushed_authorization_requests: true,
    require_signed_request_object: true,
    id_token_signed_response_alg: 'PS256',
    token_endpoint_auth_signing_alg: 'PS256',
    request_object_signing_alg: 'PS256',
    authorization_signed_response_alg: 'PS256',
    introspection_signed_response_alg: 'PS256',
    response_modes: ['jwt', 'query.jwt', 'form_post.jwt'],
  },
};

const ALGORITHM_FIELDS = [
  'id_token_signed_response_alg',
  'userinfo_signed_response_alg',
  'token_endpoint_auth_signing_alg',
  'request_object_signing_alg',
  'authorization_signed_response_alg',
  'introspection_signed_response_alg',
] as const;
const RESTRICTED: Readonly<Record<FapiProfile, readonly string[]>> = {
  fapi2: ['require_pushed_authorization_requests'],
  'fapi2-message-signing': ['require_pushed_authorization_requests', 'require_signed_request_object'],
};

/** How a client of the profile proves itself (FAPI 2.0 §5.3.3.1): by a key or a certificate, never by a secret. */
const AUTHENTICATION: readonly unknown[] = ['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'];

/** Fields by which a registration would take back what its profile promises, and why; empty without a profile. */
export function profileProblems(client: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const profile = client['security_profile'] as FapiProfile | undefined;
  if (!profile) return {};
  const weak = ALGORITHM_FIELDS.filter((field) => client[field] !== undefined && !FAPI_ALGORITHMS.includes(client[field] as string));
  const off = RESTRICTED[profile].filter((field) => client[field] === false);
  const bound = client['dpop_bound_access_tokens'] !== false || client['tls_client_certificate_bound_access_tokens'] === true;
  const modes = (client['response_modes'] as readonly string[] | undefined) ?? [];
  return {
    ...Object.fromEntries(weak.map((field) => [field, `with ${profile} one of ${FAPI_ALGORITHMS.join(', ')}`])),
    ...Object.fromEntries(off.map((field) => [field, `cannot be off with ${profile}`])),
    ...(AUTHENTICATION.includes(client['token_endpoint_auth_method']) ? {} : { token_endpoint_auth_method: `with ${profile} by a key or a certificate` }),
    ...(bound ? {} : { dpop_bound_access_tokens: `off with ${profile} only where tokens are bound to a certificate` }),
    ...(client['pkce_required'] === false ? { pkce_required: `cannot be off with ${profile}` } : {}),
    ...(client['legacy'] ? { legacy: `old forms are not of ${profile}` } : {}),
    ...(profile === 'fapi2-message-signing' && modes.some((mode) => !/jwt$/.test(mode)) ? { response_modes: `with ${profile} signed ones only` } : {}),
  };
}

/** Metadata that follows from the client's profile; empty without one. Tokens are bound to a certificate where that is registered, else to a DPoP key. */
export function profileMetadata(client: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const profile = client['security_profile'] as FapiProfile | undefined;
  if (!profile) return {};
  const certificate = client['tls_client_certificate_bound_access_tokens'] === true;
  return { ...METADATA[profile], ...(certificate ? {} : { dpop_bound_access_tokens: true }) };
}
