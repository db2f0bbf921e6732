import { z } from 'zod';
import { isAcr } from '#src/identity/assurance.ts';
import { legacyTerms } from './legacy-terms.ts';
import { FAPI_PROFILES, profileProblems } from './security-profile.ts';
import { TOKEN_EXCHANGE } from './token-exchange.ts';

/** Metadata of a client: OpenID Connect Registration and its extensions under their registered names, and below them our own. */
const HTTPS_OR_LOOPBACK = /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/])/;
const address = z.string().regex(HTTPS_OR_LOOPBACK, 'https, or http on a loopback host');
/** Where a code may go: never in the clear over a network, never into a page as script. An installed application has a scheme of its own. */
const redirect = z
  .string()
  .refine(
    (text) => URL.canParse(text) && !/^(javascript|data|vbscript|file|blob):/i.test(text) && (!/^http:/i.test(text) || HTTPS_OR_LOOPBACK.test(text)),
    'https, http on a loopback host, or a scheme of an application',
  );
const seconds = z.number().int().positive();

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
/** Grants of a service that speaks for itself; whoever knows its name could, if it had no secret. */
const MACHINE_GRANTS: readonly string[] = ['client_credentials', TOKEN_EXCHANGE];

export const GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_CODE, TOKEN_EXCHANGE] as const;
const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth', 'none'] as const;
const SIGNING = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
const RESPONSE_MODES = ['query', 'form_post', 'jwt', 'query.jwt', 'form_post.jwt'] as const;

/** Our own fields and what each may hold. */
const OWN = {
  /** Name on our pages, by language. */
  names: z.object({ fa: z.string().min(1), en: z.string().min(1) }),
  /** Runs under the organisation itself: no consent page unless `consent` says so, public subjects. */
  first_party: z.boolean(),
  /** Where a person starts who has lost the way. */
  start_url: address,
  /** `implied`: never asked (first parties only); `once`: asked until allowed; `always`: asked at each sign-in. */
  consent: z.enum(['implied', 'once', 'always']).optional(),
  /** One switch for the FAPI 2.0 Security Profile, or with Message Signing on top. */
  security_profile: z.enum(FAPI_PROFILES).optional(),
  /** Lowest assurance for every sign-in to this client, whatever it asks. */
  acr_floor: z.string().refine(isAcr, 'a known acr value').optional(),
  /** A code by SMS does not count as a second factor here. */
  sms_forbidden: z.boolean().optional(),
  /** Registered APIs that this client may call, and the scopes of each. */
  resources: z.record(z.string(), z.array(z.string())).optional(),
  /** Registered APIs that this client is: it may introspect the tokens that were issued for them. */
  introspects: z.array(z.string()).optional(),
  /** Registered APIs from which, and to which, this client may exchange a person's token. */
  token_exchange: z.object({ from: z.array(z.string()).min(1), to: z.array(z.string()).min(1) }).optional(),
  /** Seconds; shorter than the limits, never longer. */
  access_token_lifetime: seconds.optional(),
  refresh_token_lifetime: seconds.optional(),
  id_token_lifetime: seconds.optional(),
  /** Off only for the conformance suite's clients; refused outside the conformance setting. */
  pkce_required: z.boolean().optional(),
  conformance: z.boolean().optional(),
  /** Clients of one sector see the same pairwise subject (OpenID Connect Core §8.1); otherwise the host of the redirect URI, or the client itself (pairwise.ts). */
  pairwise_sector: z.string().min(1).optional(),
  /** Origins whose scripts may call the token, userinfo and introspection endpoints. */
  allowed_origins: z.array(z.url()).optional(),
  /** Old forms that this client may still use, and until when. */
  legacy: legacyTerms.optional(),
  /** Proofs of possession must carry the server's nonce (RFC 9449 §8). */
  dpop_nonce: z.boolean().optional(),
} as const;

/** Names that the protocol library must let through. */
export const EXTRA_METADATA = Object.keys(OWN);

export const clientFile = z.array(
  z
    .object({
      ...OWN,
      client_id: z.string().min(1).max(128),
      redirect_uris: z.array(redirect).default([]),
      post_logout_redirect_uris: z.array(address).optional(),
      grant_types: z.array(z.enum(GRANT_TYPES)).default(['authorization_code']),
      response_modes: z.array(z.enum(RESPONSE_MODES)).optional(),
      token_endpoint_auth_method: z.enum(AUTH_METHODS),
      token_endpoint_auth_signing_alg: z.enum(SIGNING).optional(),
      tls_client_auth_subject_dn: z.string().optional(),
      tls_client_auth_san_dns: z.string().optional(),
      tls_client_auth_san_uri: z.string().optional(),
      tls_client_auth_san_ip: z.string().optional(),
      tls_client_auth_san_email: z.string().optional(),
      tls_client_certificate_bound_access_tokens: z.boolean().optional(),
      dpop_bound_access_tokens: z.boolean().optional(),
      require_pushed_authorization_requests: z.boolean().optional(),
      require_signed_request_object: z.boolean().optional(),
      secret_hash: z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'SHA-256 of the secret, in hex')
        .optional(),
      scope: z.string().optional(),
      /** RS256, or that of the profile, where none is named. */
      id_token_signed_response_alg: z.enum(SIGNING).optional(),
      userinfo_signed_response_alg: z.enum(SIGNING).optional(),
      authorization_signed_response_alg: z.enum(SIGNING).optional(),
      request_object_signing_alg: z.enum(SIGNING).optional(),
      introspection_signed_response_alg: z.enum(SIGNING).optional(),
      application_type: z.enum(['web', 'native']).default('web'),
      jwks_uri: address.optional(),
      jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
      backchannel_logout_uri: address.optional(),
      backchannel_logout_session_required: z.boolean().optional(),
      default_acr_values: z.array(z.string()).optional(),
      contacts: z.array(z.string()).optional(),
    })
    .strict()
    .superRefine((client, context) => {
      const problem = (message: string, path: string): void => context.addIssue({ code: 'custom', message, path: [path] });
      if (client.consent === 'implied' && !client.first_party) problem('only for first parties', 'consent');
      if (client.pkce_required === false && !client.conformance) problem('only for clients of the conformance suite', 'pkce_required');
      if (client.grant_types.includes('authorization_code') && !client.redirect_uris.length) problem('needed for authorization_code', 'redirect_uris');
      if (client.grant_types.includes(TOKEN_EXCHANGE) && !client.token_exchange) problem('needed for token exchange', 'token_exchange');
      if ((client.legacy?.signout_uris ?? []).some((uri) => !(client.post_logout_redirect_uris ?? []).includes(uri)))
        problem('each of signout_uris must also stand in post_logout_redirect_uris', 'legacy');
      if (client.token_endpoint_auth_method === 'none' && client.grant_types.some((type) => MACHINE_GRANTS.includes(type)))
        problem('not for client_credentials or token exchange', 'token_endpoint_auth_method');
      if (!client.first_party && client.scope === undefined) problem('needed by third parties', 'scope');
      if (needsSector(client) && !client.pairwise_sector) problem('needed by third parties with several hosts of redirect_uris, or none', 'pairwise_sector');
      for (const [field, message] of Object.entries(profileProblems(client))) problem(message, field);
      if (client.sms_forbidden && client.acr_floor === 'urn:profile:2') problem('cannot be reached without SMS', 'acr_floor');
    }),
);

/** Pairwise subjects without one host that names the sector. A service that only speaks for itself has no subjects. */
function needsSector(client: { first_party: boolean; redirect_uris: readonly string[]; grant_types: readonly string[] }): boolean {
  if (client.first_party || client.grant_types.every((type) => type === 'client_credentials')) return false;
  return new Set(client.redirect_uris.map((uri) => URL.parse(uri)?.host)).size !== 1 || client.grant_types.includes(DEVICE_CODE);
}
