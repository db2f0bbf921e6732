import type { SandboxControls } from '#src/connectors/simulators/index.ts';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { sampleClients, sandboxClient } from '#src/embedded.ts';
import type { Sandbox } from '#src/sandbox/open.ts';
import { now, type Settings } from '../settings.ts';

export type Closing = { close(): Promise<void> };

/** Simulators and the sample e-service beside the embedded mode; nothing otherwise, and never loaded in production. */
export async function startSurroundings(
  { config, secrets }: Settings,
  sandbox: SandboxControls | undefined,
): Promise<{ readonly sideServers: readonly Closing[]; readonly people: readonly SyntheticPerson[] }> {
  if (!secrets) return { sideServers: [], people: [] };
  const { startSimulators } = await import('#src/connectors/simulators/index.ts');
  const { startEservice } = await import('../../../examples/eservice/app.ts');
  const url = `http://localhost:${config.eservicePort}`;
  const [simulators, eservice] = await Promise.all([
    startSimulators({ port: config.simulatorsPort, now, places: { issuer: config.issuer, eservice: url }, ...(sandbox ? { sandbox } : {}) }),
    startEservice({
      port: config.eservicePort,
      url,
      issuer: config.issuer,
      clientId: 'eservices',
      clientSecret: secrets.eservices,
      club: { clientId: 'club', clientSecret: secrets.club },
    }),
  ]);
  return { sideServers: [simulators, eservice], people: simulators.world.people };
}

/** Never loaded but for the command `sandbox`. Its clients: the ready one, and those that the integrator brought. */
export async function startSandbox({ config, secrets, sandbox }: Settings): Promise<Sandbox | undefined> {
  if (!secrets || !sandbox) return undefined;
  const { openSandbox } = await import('#src/sandbox/open.ts');
  const { clients, redirectUris } = sandbox;
  const others = sampleClients('', secrets).map(({ clientId }) => clientId);
  return openSandbox(config, [...(redirectUris.length ? [sandboxClient(secrets.sandbox, redirectUris)] : []), ...clients], others);
}
