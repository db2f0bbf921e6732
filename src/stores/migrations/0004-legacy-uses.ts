import type { Kysely } from 'kysely';

/** How often each client used each form of the old interface, by day. */
export const legacyUses = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('legacy_uses')
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('form', 'text', (column) => column.notNull())
      .addColumn('day', 'text', (column) => column.notNull())
      .addColumn('uses', 'integer', (column) => column.notNull())
      .addColumn('last_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('legacy_uses_pk', ['client_id', 'form', 'day'])
      .execute();
  },
};
