import { type Kysely, type Selectable, sql } from 'kysely';
import type { Backing, DurableRecord, Records } from '#src/identity/ports.ts';
import { accountOf } from './accounts.ts';
import type { Database } from './schema.ts';
import { storable } from './storable.ts';

type Db = Kysely<Database>;

export function records(db: Db): Records {
  return {
    async find(kind, id, now) {
      if (!storable(id)) return undefined;
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
      if (!storable(id)) return {};
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
