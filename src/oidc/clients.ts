import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ClientMetadata, errors, type Provider } from 'oidc-provider';
import { z } from 'zod';
import type { Clients, StoredClient } from '#src/identity/ports.ts';
import { clientFile } from './client-metadata.ts';
import { profileMetadata } from './security-profile.ts';

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
const sameSecret = (storedHash: string, given: string): boolean =>
  timingSafeEqual(createHash('sha256').update(hashSecret(given)).digest(), createHash('sha256').update(storedHash).digest());

/** Stored secrets are hashes; client_secret_basic and client_secret_post both come through here. */
export function compareHashes({ Client }: Provider): void {
  Object.defineProperty(Client.prototype, 'compareClientSecret', {
    value(this: { clientSecret?: string }, given: string) {
      return this.clientSecret !== undefined && sameSecret(this.clientSecret, given);
    },
  });
}

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
    metadata: {
      response_types: usesCode(client['grant_types']) ? ['code'] : [],
      subject_type: client.first_party ? 'public' : 'pairwise',
      ...profileMetadata(client),
      ...client,
    },
  };
}

const usesCode = (grantTypes: unknown): boolean => !Array.isArray(grantTypes) || grantTypes.includes('authorization_code');

/** Clients of a certification suite that an earlier start left in the store are unknown outside its setting. */
export const withoutConformance = (clients: Pick<Clients, 'find'>): Pick<Clients, 'find'> => ({
  async find(clientId) {
    const client = await clients.find(clientId);
    return client?.metadata['conformance'] === true ? undefined : client;
  },
});

/** Where no proxy passes certificates on, a token that is to be bound to one would be bound to nothing: its client is refused, with the reason. */
export const withoutCertificates = (clients: Pick<Clients, 'find'>): Pick<Clients, 'find'> => ({
  async find(clientId) {
    const client = await clients.find(clientId);
    if (client?.metadata['tls_client_certificate_bound_access_tokens'] === true)
      throw new errors.InvalidClientMetadata('tokens cannot be bound to certificates here: mutual TLS is off');
    return client;
  },
});
