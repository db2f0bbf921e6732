import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredApi, StoredClient } from './identity/ports.ts';
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

/** Made once and kept in the data folder, where the examples read them. */
export function exampleKeys(folder: string): ExampleKeys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, FILE);
  const fresh = makeExampleKeys();
  try {
    writeFileSync(file, JSON.stringify(fresh, undefined, 2), { flag: 'wx', mode: 0o600 });
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const text = readFileSync(file, 'utf8');
    const kept = JSON.parse(text) as Partial<ExampleKeys>;
    // A folder that an earlier version made lacks what came later.
    const whole = JSON.stringify({ ...fresh, ...kept, secrets: { ...fresh.secrets, ...kept.secrets } }, undefined, 2);
    if (whole !== text) writeFileSync(file, whole, { mode: 0o600 });
    return JSON.parse(whole) as ExampleKeys;
  }
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
