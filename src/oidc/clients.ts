import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ClientMetadata } from 'oidc-provider';
import { z } from 'zod';
import type { StoredClient } from '#src/identity/ports.ts';

/** Our own client metadata, beside what OpenID Connect Registration defines. */
export const EXTRA_METADATA = ['first_party', 'start_url', 'names'];

/** The relying party as our pages name it. */
export type ClientFacts = { readonly id: string; readonly names: Readonly<Record<string, string>>; readonly firstParty: boolean; readonly startUrl?: string };

export const PORTAL = 'portal';
export const PORTAL_CALLBACK = '/signed-in';

/** The portal is the first relying party: it has no sign-in of its own. Public, because it never redeems its code; the session is what it came for. */
export const portalClient = (issuer: string): ClientMetadata => ({
  client_id: PORTAL,
  token_endpoint_auth_method: 'none',
  redirect_uris: [`${issuer}${PORTAL_CALLBACK}`],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  scope: 'openid',
  first_party: true,
  start_url: `${issuer}/`,
});

/** A client secret holds at least 128 random bits, so a plain SHA-256 keeps it: there is nothing to guess. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Whether `given` is the secret whose hash is stored; constant time. */
export const sameSecret = (storedHash: string, given: string): boolean =>
  timingSafeEqual(createHash('sha256').update(hashSecret(given)).digest(), createHash('sha256').update(storedHash).digest());

const HTTPS_OR_LOOPBACK = /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/])/;
const address = z.string().regex(HTTPS_OR_LOOPBACK, 'https, or http on a loopback host');

const clientFile = z.array(
  z
    .object({
      client_id: z.string().min(1).max(128),
      names: z.object({ fa: z.string().min(1), en: z.string().min(1) }),
      first_party: z.boolean(),
      start_url: address,
      redirect_uris: z.array(z.string().min(1)).min(1),
      post_logout_redirect_uris: z.array(address).optional(),
      grant_types: z.array(z.enum(['authorization_code', 'refresh_token', 'client_credentials'])).default(['authorization_code']),
      token_endpoint_auth_method: z.enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']),
      secret_hash: z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'SHA-256 of the secret, in hex')
        .optional(),
      scope: z.string().optional(),
      id_token_signed_response_alg: z.enum(['RS256', 'ES256']).default('RS256'),
      application_type: z.enum(['web', 'native']).default('web'),
      jwks_uri: address.optional(),
      default_acr_values: z.array(z.string()).optional(),
    })
    .strict(),
);

/** Clients of a JSON file in config/. Throws with every problem named when the file is not as expected. */
export function readClients(path: string): readonly StoredClient[] {
  return parseClients(JSON.parse(readFileSync(path, 'utf8')), path);
}

/** Clients out of a list in the form of config/clients.json; `where` names it in the error that is thrown for anything else. */
export function parseClients(list: unknown, where: string): readonly StoredClient[] {
  const parsed = clientFile.safeParse(list);
  if (!parsed.success) throw new Error(`${where}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.map((client) => storedClient(client));
}

/** Third parties get pairwise subjects, so that two of them cannot join what they know of a person; first parties share one. */
export function storedClient(client: Readonly<Record<string, unknown>> & { client_id: string; first_party: boolean }): StoredClient {
  return {
    clientId: client.client_id,
    metadata: { response_types: usesCode(client['grant_types']) ? ['code'] : [], subject_type: client.first_party ? 'public' : 'pairwise', ...client },
  };
}

const usesCode = (grantTypes: unknown): boolean => !Array.isArray(grantTypes) || grantTypes.includes('authorization_code');
