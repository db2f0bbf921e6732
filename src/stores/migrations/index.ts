import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { foundation } from './0001-foundation.ts';
import { relyingParties } from './0002-relying-parties.ts';
import { signingKeyMoments } from './0003-signing-key-moments.ts';
import { legacyUses } from './0004-legacy-uses.ts';

/** Named, in order, never changed once released. */
const MIGRATIONS = {
  '0001-foundation': foundation,
  '0002-relying-parties': relyingParties,
  '0003-signing-key-moments': signingKeyMoments,
  '0004-legacy-uses': legacyUses,
};

/** Brings the database to this version. Kysely holds a lock, so processes that start together agree. Returns the names that ran; throws on the first that fails. */
// biome-ignore lint/suspicious/noExplicitAny: a migration does not know the schema it is on the way to
export async function migrate(db: Kysely<any>): Promise<readonly string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error) throw error;
  return results.map(({ migrationName }) => migrationName);
}
