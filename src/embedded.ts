import { randomBytes } from 'node:crypto';
import type { StoredClient } from './identity/ports.ts';
import { keptFile } from './kept-file.ts';
import { hashSecret, storedClient } from './oidc/clients.ts';

/** Secrets that the embedded mode makes once and keeps in its data folder. */
export type EmbeddedSecrets = {
  readonly COOKIE_SECRETS: string;
  readonly DATA_SECRET: string;
  readonly PAIRWISE_SECRET: string;
  readonly eservices: string;
  readonly club: string;
  readonly sandbox: string;
};

const FILE = 'secrets.json';
const make = (): string => randomBytes(32).toString('base64url');

export function embeddedSecrets(folder: string): EmbeddedSecrets {
  const fresh: EmbeddedSecrets = { COOKIE_SECRETS: make(), DATA_SECRET: make(), PAIRWISE_SECRET: make(), eservices: make(), club: make(), sandbox: make() };
  return keptFile(folder, FILE, fresh, (kept) => ({ ...fresh, ...kept }));
}

/** Everybody comes from one loopback address here, so what is counted by address would stop the second visitor. All other limits are production's. */
export const ONE_ADDRESS: Readonly<Record<string, string>> = {
  LIMIT_SMS_PER_ADDRESS_TEN_MINUTES: '1000',
  LIMIT_SMS_PER_ADDRESS_DAY: '10000',
  LIMIT_SIGN_UPS_PER_ADDRESS: '1000',
  LIMIT_PASSWORD_ATTEMPTS_PER_ADDRESS: '10000',
  LIMIT_DEVICE_CODES_PER_ADDRESS: '10000',
};

/** The sample relying parties: a first party, and a third party that asks for consent. */
export function sampleClients(url: string, secrets: Pick<EmbeddedSecrets, 'eservices' | 'club'>): readonly StoredClient[] {
  const common = {
    start_url: `${url}/`,
    post_logout_redirect_uris: [`${url}/`],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'openid profile email phone national_id offline_access',
  };
  return [
    storedClient({
      ...common,
      client_id: 'eservices',
      names: { fa: 'خدمات غیرحضوری', en: 'Online Services' },
      first_party: true,
      redirect_uris: [`${url}/callback`],
      secret_hash: hashSecret(secrets.eservices),
    }),
    storedClient({
      ...common,
      client_id: 'club',
      names: { fa: 'باشگاه بازنشستگان', en: 'Retirees’ Club' },
      first_party: false,
      redirect_uris: [`${url}/club/callback`],
      secret_hash: hashSecret(secrets.club),
      id_token_signed_response_alg: 'ES256',
    }),
  ];
}

/** The relying party that a sandbox makes for an integrator who brings no client of their own; a third party, so that every page is met. */
export const sandboxClient = (secret: string, redirectUris: readonly string[]): StoredClient =>
  storedClient({
    client_id: 'sandbox',
    names: { fa: 'سامانه شما', en: 'Your service' },
    first_party: false,
    start_url: new URL('/', redirectUris[0]).href,
    redirect_uris: redirectUris,
    // Its addresses may lie on several hosts.
    pairwise_sector: 'sandbox',
    post_logout_redirect_uris: [...new Set(redirectUris.map((uri) => new URL('/', uri).href))],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'openid profile email phone national_id offline_access',
    secret_hash: hashSecret(secret),
  });
