import { registryBackMessage } from './messages.ts';
import type { Clock, Connectors, Identifier, OwnershipQuestion, Waiting } from './ports.ts';
import type { Seal } from './seal.ts';

/** People who asked to be told when a register answers again: the same question is asked now and then, and one SMS says that they can go on. */
export type WaitingEntry = {
  readonly to: string;
  readonly text: string;
  readonly question: {
    readonly identifier: Identifier;
    readonly contact: OwnershipQuestion /** Set when the civil registry was asked, not the operators' register. */;
    readonly birthDate?: string;
  };
};

export const sealWaiting = (seal: Seal, id: string, entry: WaitingEntry): string => seal.seal(JSON.stringify(entry), `waiting:${id}`);

const BATCH = 20;

type Parts = { readonly waiting: Waiting; readonly connectors: Connectors; readonly seal: Seal; readonly now: Clock };

export function createRegistryWatch({ waiting, connectors, seal, now }: Parts): { run(): Promise<number> } {
  const answers = async ({ question }: WaitingEntry): Promise<boolean> => {
    const { outcome } = question.birthDate
      ? await connectors.registry.look({ identifier: question.identifier, birthDate: question.birthDate })
      : await connectors.ownership.match(question.contact);
    return outcome !== 'unavailable';
  };

  return {
    /** Asks for those who wait, one after another, and stops at the first silence. Returns how many were told. */
    async run() {
      let told = 0;
      for (const { id, sealed } of await waiting.list(BATCH, now())) {
        const text = seal.open(sealed, `waiting:${id}`);
        const entry = text ? (JSON.parse(text) as WaitingEntry) : undefined;
        if (entry && !(await answers(entry))) break;
        if (await waiting.settle(id, entry && registryBackMessage(id, entry.to, entry.text), now())) told += 1;
      }
      return told;
    },
  };
}
