import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { seedConformance } from '#src/conformance.ts';
import { sampleClients } from '#src/embedded.ts';
import { exampleApis, exampleClients, exampleKeys } from '#src/embedded-examples.ts';
import { createHasher } from '#src/identity/password.ts';
import type { Durable } from '#src/identity/ports.ts';
import { readApis } from '#src/oidc/apis.ts';
import { readClients } from '#src/oidc/clients.ts';
import { now, type Settings } from '../settings.ts';

/** Registers the clients and APIs of the operator's files, of the embedded mode and of the conformance setting. Throws for a file that is wrong. */
export async function seedRelyingParties(durable: Durable, { config, secrets }: Settings): Promise<void> {
  const samples = secrets ? [...sampleClients(`http://localhost:${config.eservicePort}`, secrets), ...exampleClients(exampleKeys(config.dataDir))] : [];
  await durable.clients.seed([...samples, ...readIfThere(join(config.configDir, 'clients.json'), readClients)]);
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

const readIfThere = <Row>(file: string, read: (file: string) => readonly Row[]): readonly Row[] => (existsSync(file) ? read(file) : []);
