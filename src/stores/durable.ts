import { type Kysely, sql } from 'kysely';
import type { Durable } from '#src/identity/ports.ts';
import { accounts } from './accounts.ts';
import { legacyUses } from './legacy.ts';
import { budget, outbox, waiting } from './outbox.ts';
import { records } from './records.ts';
import { apis, clients, consents, logoutNotices } from './relying-parties.ts';
import type { Database } from './schema.ts';
import { signingKeys } from './signing-keys.ts';

/** The durable port over any engine that Kysely drives. Inside a transaction only its own handle is used: PGlite would wait for itself otherwise. */
export function createDurable(db: Kysely<Database>, parts: { roundTrips: () => number; close: () => Promise<void> }): Durable {
  return {
    accounts: accounts(db),
    outbox: outbox(db),
    budget: budget(db),
    waiting: waiting(db),
    consents: consents(db),
    records: records(db),
    clients: clients(db),
    apis: apis(db),
    logoutNotices: logoutNotices(db),
    keys: signingKeys(db),
    legacy: legacyUses(db),
    async ping() {
      await sql`select 1`.execute(db);
    },
    ...parts,
  };
}
