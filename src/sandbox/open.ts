import { type Config, ConfigError } from '#src/config.ts';
import { createFailures } from '#src/connectors/simulators/failures.ts';
import type { SandboxControls } from '#src/connectors/simulators/index.ts';
import { type SyntheticPerson, WITH_ACCOUNT } from '#src/connectors/simulators/people.ts';
import { createHasher } from '#src/identity/password.ts';
import type { Durable, Ephemeral, StoredClient } from '#src/identity/ports.ts';
import { sandboxMark } from '#src/oidc/sandbox-mark.ts';
import { withClients, withOldSignOuts } from './clients.ts';
import { movableClock } from './clock.ts';
import { settlePeople } from './people.ts';

export type Sandbox = {
  readonly controls: SandboxControls;
  /** Makes the accounts of people who have one, and returns the durable store with the command's clients. Throws ConfigError for a folder of another server. */
  settle(
    stores: { readonly durable: Durable; readonly ephemeral: Ephemeral },
    people: readonly SyntheticPerson[],
    jwks: { readonly keys: readonly { kid?: string }[] },
  ): Promise<Durable>;
};

/** Known to everybody: nothing behind it is real. */
const PASSWORD = 'zarafe-abi-sandbox';

/** Moves the clock to where the last start left it, so it comes before anything that reads the time. `others`: clients that may be given errors too. */
export function openSandbox(config: Config, own: readonly StoredClient[], others: readonly string[]): Sandbox {
  const clients = [...own.map(({ clientId }) => clientId), ...others];
  return {
    controls: { clock: movableClock(config.dataDir), failures: createFailures(clients), password: PASSWORD, clients },
    async settle({ durable, ephemeral }, people, { keys }) {
      if (!keys.every(({ kid }) => kid?.startsWith(sandboxMark.keyPrefix)))
        throw new ConfigError([`DATA_DIR: ${config.dataDir}/ belongs to a server that is no sandbox`]);
      await settlePeople({
        people: people.filter(({ story }) => WITH_ACCOUNT.has(story)),
        durable,
        ephemeral,
        dataSecret: config.dataSecret,
        hash: createHasher({ concurrency: 1, queue: 1, retryAfter: 1 }).hash,
        password: PASSWORD,
        limits: config.limits,
        now: () => Date.now(),
      });
      return { ...durable, clients: withClients(durable.clients, own), legacy: withOldSignOuts(durable.legacy, own) };
    },
  };
}
