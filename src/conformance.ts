import { createECDH, createHmac } from 'node:crypto';
import { identifierKey } from './identity/identifier.ts';
import type { CodeBinding } from './identity/one-time-code.ts';
import type { Connectors, Durable, Identifier, StoredClient } from './identity/ports.ts';
import { hashSecret, storedClient } from './oidc/clients.ts';
import type { FapiProfile } from './oidc/security-profile.ts';

/**
 * What certification suites need, and what exists only with CONFORMANCE=yes: their clients and one citizen with every claim. Nothing here is
 * secret by being unknown: each password, secret and key derives from DATA_SECRET, so no other installation has the same ones.
 */
const IDENTIFIER: Identifier = { kind: 'national', value: '4990000005' };
const MOBILE = '+989120000000';

export const CITIZEN = {
  subject: 'conformance-citizen',
  identifier: IDENTIFIER,
  mobile: MOBILE,
  email: 'citizen@example.test',
  person: {
    firstName: 'نمونه',
    lastName: 'گواهیان',
    fatherName: 'نمونه',
    firstNameLatin: 'Nemuneh',
    lastNameLatin: 'Govahiyan',
    birthDate: '1980-03-20',
    certificateNumber: '1',
    gender: 'female',
    nationality: 'IR',
  },
} as const;

/** A private EC key as JWK, as suites want it in their configuration. */
export type PrivateKey = {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly alg: 'ES256';
  readonly use: 'sig';
  readonly kid: string;
  readonly x: string;
  readonly y: string;
  readonly d: string;
};

const SECRET_CLIENTS = ['conformance-1', 'conformance-2', 'conformance-post', 'conformance-backchannel'] as const;
/** Clients with a key, and the profile that each is registered for. */
const PROFILES = {
  'conformance-fapi-1': 'fapi2',
  'conformance-fapi-2': 'fapi2',
  'conformance-ms-1': 'fapi2-message-signing',
  'conformance-ms-2': 'fapi2-message-signing',
} as const satisfies Readonly<Record<string, FapiProfile>>;
export type SecretClient = (typeof SECRET_CLIENTS)[number];
export type KeyClient = keyof typeof PROFILES;
const KEY_CLIENTS = Object.keys(PROFILES) as readonly KeyClient[];

export type ConformanceSecrets = {
  readonly password: string;
  readonly clients: Readonly<Record<SecretClient, string>>;
  readonly keys: Readonly<Record<KeyClient, PrivateKey>>;
};

export function conformanceSecrets(dataSecret: string): ConformanceSecrets {
  const derive = (name: string): Buffer => createHmac('sha256', dataSecret).update(`conformance|${name}`).digest();
  const each = <Name extends string, T>(names: readonly Name[], make: (name: Name) => T): Record<Name, T> =>
    Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>;
  return {
    password: derive('password').toString('base64url'),
    clients: each(SECRET_CLIENTS, (name) => derive(name).toString('base64url')),
    keys: each(KEY_CLIENTS, (name) => privateKey(name, derive(name))),
  };
}

/** Throws for a seed that is no scalar of P-256: one in 2^32. */
function privateKey(kid: string, seed: Buffer): PrivateKey {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(seed);
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url')) as [string, string];
  return { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid, x, y, d: seed.toString('base64url') };
}

/** The suite's clients. `suite` is its address up to and with the alias: its callbacks lie below. */
export function conformanceClients(suite: string, { clients, keys }: ConformanceSecrets): readonly StoredClient[] {
  const common = {
    conformance: true,
    first_party: true,
    start_url: `${suite}/`,
    redirect_uris: [`${suite}/callback`, `${suite}/callback?dummy1=lorem&dummy2=ipsum`],
    post_logout_redirect_uris: [`${suite}/post_logout_redirect`],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email phone national_id offline_access',
  };
  const names = (id: string): object => ({ client_id: id, names: { fa: id, en: id } });
  const OWN: Readonly<Record<SecretClient, object>> = {
    'conformance-1': {},
    'conformance-2': {},
    'conformance-post': { token_endpoint_auth_method: 'client_secret_post' },
    'conformance-backchannel': { backchannel_logout_uri: `${suite}/backchannel_logout`, backchannel_logout_session_required: true },
  };
  const ofSecret = SECRET_CLIENTS.map((id) => ({
    ...common,
    ...names(id),
    pkce_required: false,
    token_endpoint_auth_method: 'client_secret_basic',
    secret_hash: hashSecret(clients[id]),
    ...OWN[id],
  }));
  const ofKey = KEY_CLIENTS.map((id) => {
    const { d: _, ...publicKey } = keys[id];
    return {
      ...common,
      ...names(id),
      security_profile: PROFILES[id],
      // The suite wants a page on which the person can refuse.
      consent: 'always',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      ...(PROFILES[id] === 'fapi2-message-signing' ? { request_object_signing_alg: 'ES256' } : {}),
      jwks: { keys: [publicKey] },
    };
  });
  return [...ofSecret, ...ofKey].map((client) => storedClient(client as never));
}

type Seeding = {
  readonly durable: Durable;
  readonly dataSecret: string;
  readonly suite: string;
  readonly hash: (password: string) => Promise<string>;
  readonly at: number;
};

export async function seedConformance({ durable, dataSecret, suite, hash, at }: Seeding): Promise<void> {
  const secrets = conformanceSecrets(dataSecret);
  await durable.clients.seed(conformanceClients(suite, secrets));
  if (!(await durable.accounts.find(CITIZEN.subject))) await durable.accounts.create({ ...CITIZEN, passwordHash: await hash(secrets.password) }, [], at);
}

/** The citizen's one-time code: 1234… in the length that is due. Undefined for everybody else. */
export const fixedCode = ({ person, mobile }: CodeBinding, length: number): string | undefined =>
  person === identifierKey(CITIZEN.identifier) && mobile === CITIZEN.mobile ? '1234567890'.slice(0, length) : undefined;

/** The same connectors, but the citizen's number is never sent anything: it may be somebody's. */
export const withoutCitizen = (connectors: Connectors): Connectors => ({
  ...connectors,
  sms: { send: async (sms) => (sms.to === CITIZEN.mobile ? { outcome: 'sent' } : connectors.sms.send(sms)) },
});
