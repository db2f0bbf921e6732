import { type Kysely, sql } from 'kysely';

/** One dialect: the same statements on PostgreSQL and PGlite. */
export const foundation = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('accounts')
      .addColumn('subject', 'text', (column) => column.primaryKey())
      .addColumn('identifier_kind', 'text', (column) => column.notNull())
      .addColumn('identifier_value', 'text', (column) => column.notNull())
      .addColumn('mobile', 'text', (column) => column.notNull())
      .addColumn('email', 'text')
      .addColumn('email_verified', 'boolean', (column) => column.notNull().defaultTo(false))
      .addColumn('person', 'jsonb', (column) => column.notNull())
      .addColumn('password_hash', 'text', (column) => column.notNull())
      .addColumn('disabled', 'boolean', (column) => column.notNull().defaultTo(false))
      .addColumn('sessions_from', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('password_changed_at', 'bigint', (column) => column.notNull())
      .addColumn('recovered_at', 'bigint')
      .addUniqueConstraint('accounts_identifier', ['identifier_kind', 'identifier_value'])
      .execute();

    await db.schema
      .createTable('outbox')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('recipient', 'text', (column) => column.notNull())
      .addColumn('body', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('due_at', 'bigint', (column) => column.notNull())
      .addColumn('tries', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('sent_at', 'bigint')
      .execute();
    await sql`create index outbox_due on outbox (due_at) where sent_at is null`.execute(db);

    await db.schema
      .createTable('sms_budget')
      .addColumn('day', 'text', (column) => column.primaryKey())
      .addColumn('used', 'integer', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('waiting')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('until', 'bigint', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('consents')
      .addColumn('subject', 'text', (column) => column.notNull().references('accounts.subject').onDelete('cascade'))
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('scopes', 'jsonb', (column) => column.notNull())
      .addColumn('allowed_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('consents_pair', ['subject', 'client_id'])
      .execute();

    await db.schema
      .createTable('records')
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('payload', 'jsonb', (column) => column.notNull())
      .addColumn('subject', 'text')
      .addColumn('client_id', 'text')
      .addColumn('grant_id', 'text')
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('consumed', 'bigint')
      .addPrimaryKeyConstraint('records_name', ['kind', 'id'])
      .execute();
    await db.schema.createIndex('records_grant').on('records').column('grant_id').execute();
    await db.schema.createIndex('records_subject').on('records').column('subject').execute();
    await db.schema.createIndex('records_expiry').on('records').column('expires_at').execute();

    await db.schema
      .createTable('clients')
      .addColumn('client_id', 'text', (column) => column.primaryKey())
      .addColumn('metadata', 'jsonb', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('signing_keys')
      .addColumn('kid', 'text', (column) => column.primaryKey())
      .addColumn('algorithm', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
  },
};
