import { type Kysely, sql } from 'kysely';

/** Keys get the moments of a rotation. Those that exist sign from their making on, until they have a successor. */
export const signingKeyMoments = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('signing_keys')
      .addColumn('not_before', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('signs_until', 'bigint')
      .addColumn('not_after', 'bigint')
      .execute();
    await sql`update signing_keys set not_before = created_at`.execute(db);
  },
};
