import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { StoredApi, StoredClient } from './identity/ports.ts';
import { keptFile } from './kept-file.ts';
import { readApis } from './oidc/apis.ts';
import { hashSecret, readClients } from './oidc/clients.ts';

/**
 * The relying parties and APIs of examples/ in the embedded mode and in the tests: registered by examples/clients.json and examples/apis.json as an
 * operator would register them, except that keys and secrets are made here and never stand in a file of the project.
 */
export type ExampleKeys = {
  /** Private keys of the clients that have one, ES256, as JWKs. */
  readonly machine: Readonly<Record<string, unknown>>;
  readonly fapi: Readonly<Record<string, unknown>>;
  /** Client id → secret. */
  readonly secrets: Readonly<Record<(typeof WITH_SECRET)[number], string>>;
};
const WITH_SECRET = ['logout-receiver', 'pensions-api'] as const;

const EXAMPLES = join(import.meta.dirname, '../examples');
const FILE = 'examples.json';

export function makeExampleKeys(): ExampleKeys {
  const key = (kid: string) => ({
    ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
    kid,
    alg: 'ES256',
    use: 'sig',
  });
  const secret = (): string => randomBytes(32).toString('base64url');
  return {
    machine: key('machine-1'),
    fapi: key('fapi-1'),
    secrets: { 'logout-receiver': secret(), 'pensions-api': secret() },
  };
}

/** In the data folder, where the examples read them. */
export function exampleKeys(folder: string): ExampleKeys {
  const fresh = makeExampleKeys();
  return keptFile(folder, FILE, fresh, (kept) => ({ ...fresh, ...kept, secrets: { ...fresh.secrets, ...kept.secrets } }));
}

export function exampleClients({ machine, fapi, secrets }: ExampleKeys): readonly StoredClient[] {
  const extra: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    machine: { jwks: { keys: [publicHalf(machine)] } },
    fapi: { jwks: { keys: [publicHalf(fapi)] } },
    ...Object.fromEntries(WITH_SECRET.map((id) => [id, { secret_hash: hashSecret(secrets[id]) }])),
  };
  return readClients(join(EXAMPLES, 'clients.json')).map(({ clientId, metadata }) => ({ clientId, metadata: { ...metadata, ...extra[clientId] } }));
}

const publicHalf = ({ d: _, ...rest }: Readonly<Record<string, unknown>>): object => rest;

export const exampleApis = (): readonly StoredApi[] => readApis(join(EXAMPLES, 'apis.json'));
