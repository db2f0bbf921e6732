import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { seedConformance } from '#src/conformance.ts';
import { sampleClients } from '#src/embedded.ts';
import { exampleApis, exampleClients, exampleKeys } from '#src/embedded-examples.ts';
import { createHasher } from '#src/identity/password.ts';
import type { Durable, StoredClient } from '#src/identity/ports.ts';
import { readApis } from '#src/oidc/apis.ts';
import { readClients } from '#src/oidc/clients.ts';
import { now, type Settings } from '../settings.ts';

/** Registers the clients and APIs of the operator's files, of the embedded mode and of the conformance setting. Throws for a file that is wrong. */
export async function seedRelyingParties(durable: Durable, { config, secrets }: Settings): Promise<void> {
  const samples = secrets ? [...sampleClients(`http://localhost:${config.eservicePort}`, secrets), ...exampleClients(exampleKeys(config.dataDir))] : [];
  const file = join(config.configDir, 'clients.json');
  const registered = readIfThere(file, readClients);
  const certified = registered.filter(wantsCertificate).map(({ clientId }) => clientId);
  if (certified.length && !config.certificates)
    throw new Error(`${file}: mutual TLS is off without CLIENT_CERTIFICATE_HEADER, and needed by ${certified.join(', ')}`);
  await durable.clients.seed([...samples, ...registered]);
  if (config.conformance)
    await seedConformance({
      durable,
      dataSecret: config.dataSecret,
      suite: config.conformanceSuite,
      hash: createHasher({ concurrency: 1, queue: 1, retryAfter: 1 }).hash,
      at: now(),
    });
  await durable.apis.seed([...(secrets ? exampleApis() : []), ...readIfThere(join(config.configDir, 'apis.json'), readApis)]);
}

const wantsCertificate = ({ metadata }: StoredClient): boolean =>
  /tls_client_auth$/.test(String(metadata['token_endpoint_auth_method'])) || metadata['tls_client_certificate_bound_access_tokens'] === true;

const readIfThere = <Row>(file: string, read: (file: string) => readonly Row[]): readonly Row[] => (existsSync(file) ? read(file) : []);
