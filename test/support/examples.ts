import { exampleApis, exampleClients, makeExampleKeys } from '#src/embedded-examples.ts';
import type { Started } from './start.ts';

/** Registers what examples/ needs. `moved` maps an address of examples/clients.json to where the example runs in this test. */
export async function seedExamples({ stores }: Started, moved: Readonly<Record<string, string>> = {}) {
  const keys = makeExampleKeys();
  const clients = exampleClients(keys).map(({ clientId, metadata }) => {
    const text = Object.entries(moved).reduce((whole, [from, to]) => whole.replaceAll(from, to), JSON.stringify(metadata));
    return { clientId, metadata: JSON.parse(text) as Record<string, unknown> };
  });
  await stores.durable.clients.seed(clients);
  await stores.durable.apis.seed(exampleApis());
  return keys;
}
