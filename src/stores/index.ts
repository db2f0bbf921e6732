/**
 * stores/ is the drivers for the domain's ports: PostgreSQL and PGlite behind one dialect, Redis and memory behind one ephemeral port. Nothing else
 * sees a driver. What production does not use is never loaded: PGlite alone would cost more memory than the whole server may.
 */
import { Kysely } from 'kysely';
import type { Clock, Durable, Ephemeral } from '#src/identity/ports.ts';
import { lockDataFolder } from './data-folder.ts';
import { createDurable } from './durable.ts';
import { guarded } from './guard.ts';
import { createMemory } from './memory.ts';
import { migrate } from './migrations/index.ts';
import type { Database } from './schema.ts';

export type StoreSettings = {
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  /** Folder of the embedded database; in memory when there is neither a folder nor an address. */
  readonly dataDir?: string;
  readonly poolSize?: number;
  readonly now: Clock;
  readonly onError: (error: unknown) => void;
};
export type Stores = { readonly durable: Durable; readonly ephemeral: Ephemeral; readonly embedded: boolean; close(): Promise<void> };

/** Opens both memories and brings the database to this version. Throws when one does not answer, or the data folder is taken. */
export async function openStores(settings: StoreSettings): Promise<Stores> {
  const ephemeral = guarded(settings.redisUrl ? (await import('./redis.ts')).createRedis(settings.redisUrl, settings.onError) : createMemory(settings.now));
  const { db, roundTrips, close } = await openDatabase(settings);
  const durable = guarded(createDurable(db, { roundTrips, close }));
  try {
    await migrate(db);
    await ephemeral.ping();
  } catch (error) {
    await Promise.allSettled([ephemeral.close(), close()]);
    throw error;
  }
  return {
    durable,
    ephemeral,
    embedded: !settings.databaseUrl,
    async close() {
      await Promise.allSettled([ephemeral.close(), durable.close()]);
    },
  };
}

/** The database alone, brought to this version, for a command; closed when `work` ends. */
export async function withDurable<Result>(settings: StoreSettings, work: (durable: Durable) => Promise<Result>): Promise<Result> {
  const { db, roundTrips, close } = await openDatabase(settings);
  try {
    await migrate(db);
    return await work(guarded(createDurable(db, { roundTrips, close })));
  } finally {
    await close();
  }
}

/** Only the migrations, for `npm run migrate`. Returns the names that ran. */
export async function migrateOnly(settings: StoreSettings): Promise<readonly string[]> {
  const { db, close } = await openDatabase(settings);
  return migrate(db).finally(close);
}

type Opened = { readonly db: Kysely<Database>; roundTrips(): number; close(): Promise<void> };

async function openDatabase(settings: StoreSettings): Promise<Opened> {
  let trips = 0;
  const log = (event: { level: string }): void => {
    if (event.level === 'query') trips += 1;
  };
  if (settings.databaseUrl) {
    const { postgresDialect } = await import('./postgres.ts');
    const db = new Kysely<Database>({ dialect: postgresDialect(settings.databaseUrl, settings.poolSize ?? 10, settings.onError), log });
    return { db, roundTrips: () => trips, close: () => db.destroy() };
  }
  const lock = settings.dataDir === undefined ? undefined : lockDataFolder(settings.dataDir);
  try {
    const { pgliteDialect } = await import('./pglite.ts');
    const db = new Kysely<Database>({ dialect: await pgliteDialect(lock && `${lock.path}/database`), log });
    return {
      db,
      roundTrips: () => trips,
      async close() {
        await db.destroy();
        lock?.release();
      },
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}
