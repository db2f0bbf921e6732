import { type Kysely, type Selectable, sql } from 'kysely';
import type {
  Account,
  Accounts,
  Backing,
  Budget,
  Clients,
  Consents,
  Durable,
  DurableRecord,
  Identifier,
  Outbox,
  OwedMessage,
  Person,
  Records,
  Waiting,
} from '#src/identity/ports.ts';
import { legacyUses } from './legacy.ts';
import { apis, logoutNotices } from './relying-parties.ts';
import type { Database } from './schema.ts';
import { signingKeys } from './signing-keys.ts';

type Db = Kysely<Database>;
const SECOND = 1000;

/** The durable port over any engine that Kysely drives. Inside a transaction only its own handle is used: PGlite would wait for itself otherwise. */
export function createDurable(db: Db, parts: { roundTrips: () => number; close: () => Promise<void> }): Durable {
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

function accounts(db: Db): Accounts {
  return {
    async find(subject) {
      return accountOf(await db.selectFrom('accounts').selectAll().where('subject', '=', subject).executeTakeFirst());
    },
    async findByIdentifier({ kind, value }: Identifier) {
      return accountOf(
        await db.selectFrom('accounts').selectAll().where('identifier_kind', '=', kind).where('identifier_value', '=', value).executeTakeFirst(),
      );
    },
    create: (account, owed, at) =>
      db.transaction().execute(async (tx) => {
        const made = await tx
          .insertInto('accounts')
          .values({
            subject: account.subject,
            identifier_kind: account.identifier.kind,
            identifier_value: account.identifier.value,
            mobile: account.mobile,
            email: account.email ?? null,
            person: JSON.stringify(account.person),
            password_hash: account.passwordHash,
            disabled: account.disabled ?? false,
            sessions_from: 0,
            created_at: at,
            password_changed_at: at,
            recovered_at: null,
          })
          .onConflict((conflict) => conflict.columns(['identifier_kind', 'identifier_value']).doNothing())
          .returning('subject')
          .executeTakeFirst();
        if (made) await queue(tx, owed, at);
        return made !== undefined;
      }),
    setPassword: (subject, passwordHash, { at, recovered }, owed) =>
      db.transaction().execute(async (tx) => {
        await tx
          .updateTable('accounts')
          .set({
            password_hash: passwordHash,
            password_changed_at: at,
            // Sessions know their sign-in to the second: the next whole second is after all that exist.
            sessions_from: (Math.floor(at / SECOND) + 1) * SECOND,
            ...(recovered ? { recovered_at: at } : {}),
          })
          .where('subject', '=', subject)
          .execute();
        // Without its grant no code, access token or refresh token is worth anything.
        await tx.deleteFrom('records').where('subject', '=', subject).execute();
        await queue(tx, owed, at);
      }),
    async rehash(subject, from, to) {
      await db.updateTable('accounts').set({ password_hash: to }).where('subject', '=', subject).where('password_hash', '=', from).execute();
    },
  };
}

function accountOf(row: Selectable<Database['accounts']> | undefined): Account | undefined {
  if (!row) return undefined;
  return {
    subject: row.subject,
    identifier: { kind: row.identifier_kind, value: row.identifier_value },
    mobile: row.mobile,
    ...(row.email === null ? {} : { email: row.email }),
    emailVerified: row.email_verified,
    person: row.person as Person,
    passwordHash: row.password_hash,
    disabled: row.disabled,
    sessionsFrom: row.sessions_from,
    createdAt: row.created_at,
    passwordChangedAt: row.password_changed_at,
    ...(row.recovered_at === null ? {} : { recoveredAt: row.recovered_at }),
  };
}

async function queue(db: Db, owed: readonly OwedMessage[], at: number): Promise<void> {
  if (!owed.length) return;
  const rows = owed.map(({ id, to, text }) => ({ id, recipient: to, body: text, created_at: at, due_at: at, sent_at: null }));
  await db
    .insertInto('outbox')
    .values(rows)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

function outbox(db: Db): Outbox {
  return {
    async claim(count, now, holdSeconds) {
      const rows = await db
        .updateTable('outbox')
        .set({ due_at: now + holdSeconds * SECOND, tries: sql<number>`tries + 1` })
        .where('id', 'in', (due) =>
          due.selectFrom('outbox').select('id').where('sent_at', 'is', null).where('due_at', '<=', now).orderBy('due_at').limit(count).forUpdate().skipLocked(),
        )
        .returning(['id', 'recipient', 'body', 'tries'])
        .execute();
      return rows.map(({ id, recipient, body, tries }) => ({ id, to: recipient, text: body, tries }));
    },
    async sent(id, at) {
      // The text is forgotten; that it was sent is kept, so that the same message is never queued again.
      await db.updateTable('outbox').set({ sent_at: at, body: '', recipient: '' }).where('id', '=', id).execute();
    },
    async postpone(id, retryAt) {
      await db.updateTable('outbox').set({ due_at: retryAt }).where('id', '=', id).execute();
    },
    add: (message, at) => queue(db, [message], at),
  };
}

function budget(db: Db): Budget {
  return {
    async take(day, limit) {
      if (limit <= 0) return undefined;
      const row = await db
        .insertInto('sms_budget')
        .values({ day, used: 1 })
        .onConflict((conflict) => conflict.column('day').doUpdateSet({ used: sql<number>`sms_budget.used + 1` }).where('sms_budget.used', '<', limit))
        .returning('used')
        .executeTakeFirst();
      return row?.used;
    },
  };
}

function waiting(db: Db): Waiting {
  return {
    async add({ id, sealed, at, until }) {
      await db.insertInto('waiting').values({ id, sealed, created_at: at, until }).execute();
    },
    async list(count, now) {
      return db.selectFrom('waiting').select(['id', 'sealed']).where('until', '>', now).orderBy('created_at').limit(count).execute();
    },
    settle: (id, owed, at) =>
      db.transaction().execute(async (tx) => {
        const removed = await tx.deleteFrom('waiting').where('id', '=', id).returning('id').executeTakeFirst();
        if (removed && owed) await queue(tx, [owed], at);
        return removed !== undefined;
      }),
  };
}

function consents(db: Db): Consents {
  return {
    async find(subject, clientId) {
      const row = await db.selectFrom('consents').select('scopes').where('subject', '=', subject).where('client_id', '=', clientId).executeTakeFirst();
      return row?.scopes as readonly string[] | undefined;
    },
    allow: (subject, clientId, scopes, at) =>
      db.transaction().execute(async (tx) => {
        const row = await tx
          .selectFrom('consents')
          .select('scopes')
          .where('subject', '=', subject)
          .where('client_id', '=', clientId)
          .forUpdate()
          .executeTakeFirst();
        const merged = JSON.stringify([...new Set([...((row?.scopes as string[] | undefined) ?? []), ...scopes])]);
        await tx
          .insertInto('consents')
          .values({ subject, client_id: clientId, scopes: merged, allowed_at: at })
          .onConflict((conflict) => conflict.columns(['subject', 'client_id']).doUpdateSet({ scopes: merged, allowed_at: at }))
          .execute();
      }),
    async withdraw(subject, clientId) {
      await db.deleteFrom('consents').where('subject', '=', subject).where('client_id', '=', clientId).execute();
    },
  };
}

function records(db: Db): Records {
  return {
    async find(kind, id, now) {
      const row = await db.selectFrom('records').selectAll().where('kind', '=', kind).where('id', '=', id).where('expires_at', '>', now).executeTakeFirst();
      return row && recordOf(row);
    },
    async findGrant(grantId, subject, now) {
      const { rows } = await sql<BackingRow>`
        select (select to_json(g) from records g where g.kind = 'Grant' and g.id = ${grantId} and g.expires_at > ${now}::bigint) as "grant",
               (select to_json(a) from accounts a where a.subject = ${subject}) as account`.execute(db);
      return backingOf(rows[0]);
    },
    async findRefreshToken(id, now) {
      const { rows } = await sql<BackingRow & { token: RecordRow }>`
        select to_json(t) as token, to_json(g) as "grant", to_json(a) as account
        from records t
        left join records g on g.kind = 'Grant' and g.id = t.grant_id and g.expires_at > ${now}::bigint
        left join accounts a on a.subject = t.subject
        where t.kind = 'RefreshToken' and t.id = ${id} and t.expires_at > ${now}::bigint`.execute(db);
      const [row] = rows;
      return { ...backingOf(row), ...(row ? { token: recordOf(row.token) } : {}) };
    },
    async rotate(id, at, successor) {
      const { payload, subject, client_id, grant_id, expires_at } = valuesOf(successor);
      const { rows } = await sql<{ id: string }>`
        with used as (
          update records set consumed = ${at}::bigint where kind = 'RefreshToken' and id = ${id} and consumed is null returning id
        )
        insert into records (kind, id, payload, subject, client_id, grant_id, expires_at)
        select 'RefreshToken', ${successor.id}, ${payload}::jsonb, ${subject}, ${client_id}, ${grant_id}, ${expires_at}::bigint from used
        returning id`.execute(db);
      return rows.length === 1;
    },
    async put(kind, record) {
      const values = valuesOf(record);
      await db
        .insertInto('records')
        .values({ kind, id: record.id, ...values, consumed: record.consumed ?? null })
        // `consumed` is never written back: a late save must not make a used token new.
        .onConflict((conflict) => conflict.columns(['kind', 'id']).doUpdateSet(values))
        .execute();
    },
    async remove(kind, id) {
      await db.deleteFrom('records').where('kind', '=', kind).where('id', '=', id).execute();
    },
    async removeGrant(grantId) {
      await db.deleteFrom('records').where('grant_id', '=', grantId).execute();
    },
    async sweep(now) {
      const { numDeletedRows } = await db.deleteFrom('records').where('expires_at', '<=', now).executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

type RecordRow = Selectable<Database['records']>;
type BackingRow = { grant: RecordRow | null; account: Selectable<Database['accounts']> | null };

function backingOf(row: BackingRow | undefined): Backing {
  const account = accountOf(row?.account ?? undefined);
  return { ...(row?.grant ? { grant: recordOf(row.grant) } : {}), ...(account ? { account } : {}) };
}

const valuesOf = (record: DurableRecord) => ({
  payload: JSON.stringify(record.payload),
  subject: record.subject ?? null,
  client_id: record.clientId ?? null,
  grant_id: record.grantId ?? null,
  expires_at: record.expiresAt,
});

function recordOf(row: RecordRow): DurableRecord {
  return {
    id: row.id,
    payload: row.payload as Record<string, unknown>,
    expiresAt: row.expires_at,
    ...(row.subject === null ? {} : { subject: row.subject }),
    ...(row.client_id === null ? {} : { clientId: row.client_id }),
    ...(row.grant_id === null ? {} : { grantId: row.grant_id }),
    ...(row.consumed === null ? {} : { consumed: row.consumed }),
  };
}

function clients(db: Db): Clients {
  return {
    async find(clientId) {
      const row = await db.selectFrom('clients').selectAll().where('client_id', '=', clientId).executeTakeFirst();
      return row && { clientId: row.client_id, metadata: row.metadata as Record<string, unknown> };
    },
    async seed(list) {
      if (!list.length) return 0;
      const rows = await db
        .insertInto('clients')
        .values(list.map(({ clientId, metadata }) => ({ client_id: clientId, metadata: JSON.stringify(metadata) })))
        .onConflict((conflict) => conflict.column('client_id').doNothing())
        .returning('client_id')
        .execute();
      return rows.length;
    },
  };
}
