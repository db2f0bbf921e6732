import type { Kysely } from 'kysely';

/** Registered APIs, and relying parties that must be told of a sign-out. */
export const relyingParties = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('apis')
      .addColumn('identifier', 'text', (column) => column.primaryKey())
      .addColumn('settings', 'jsonb', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('logout_notices')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('sid', 'text', (column) => column.notNull())
      .addColumn('due_at', 'bigint', (column) => column.notNull())
      .addColumn('tries', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema.createIndex('logout_notices_due').on('logout_notices').column('due_at').execute();
  },
};
