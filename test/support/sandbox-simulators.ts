import { createFailures, type Failures } from '#src/connectors/simulators/failures.ts';
import { type Simulators, startSimulators } from '#src/connectors/simulators/index.ts';

/** No server is behind them. */
export const PLACES = { issuer: 'http://localhost:3000', eservice: 'http://localhost:3300' };

export type SandboxSimulators = {
  readonly url: string;
  readonly world: Simulators['world'];
  readonly failures: Failures;
  /** Sends it through the simulated gateway. */
  sms(to: string, text: string): Promise<void>;
  close(): Promise<void>;
};

/** The simulators as a sandbox has them, with a clock of their own and no server behind it. The caller closes them. */
export async function startSandboxSimulators(): Promise<SandboxSimulators> {
  let ahead = 0;
  const clients = ['sandbox', 'eservices'];
  const failures = createFailures(clients);
  const clock = {
    ahead: () => ahead,
    advance(seconds: number): void {
      ahead += seconds;
    },
  };
  const { url, world, close } = await startSimulators({
    port: 0,
    host: '127.0.0.1',
    now: () => Date.now() + ahead * 1_000,
    places: PLACES,
    sandbox: { clock, failures, clients, password: 'zarafe-abi-sandbox' },
  });
  return {
    url,
    world,
    failures,
    async sms(to, text) {
      const sent = await fetch(`${url}/kavenegar/v1/key/sms/send.json`, { method: 'POST', body: new URLSearchParams({ receptor: to, message: text }) });
      if (!sent.ok) throw new Error(`the gateway said ${sent.status}`);
    },
    close,
  };
}
