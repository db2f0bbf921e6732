import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Apis, Clients, Consents, LogoutNotices } from '#src/identity/ports.ts';
import type { Database } from './schema.ts';
import { storable } from './storable.ts';

type Db = Kysely<Database>;
const SECOND = 1000;

export function clients(db: Db): Clients {
  return {
    async find(clientId) {
      if (!storable(clientId)) return undefined;
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

export function apis(db: Db): Apis {
  return {
    async find(identifier) {
      if (!storable(identifier)) return undefined;
      const row = await db.selectFrom('apis').selectAll().where('identifier', '=', identifier).executeTakeFirst();
      return row && { identifier: row.identifier, settings: row.settings as Record<string, unknown> };
    },
    async seed(list) {
      if (!list.length) return 0;
      const rows = await db
        .insertInto('apis')
        .values(list.map(({ identifier, settings }) => ({ identifier, settings: JSON.stringify(settings) })))
        .onConflict((conflict) => conflict.column('identifier').doNothing())
        .returning('identifier')
        .execute();
      return rows.length;
    },
  };
}

export function logoutNotices(db: Db): LogoutNotices {
  return {
    async add({ clientId, subject, sid }, at) {
      await db.insertInto('logout_notices').values({ id: randomUUID(), client_id: clientId, subject, sid, due_at: at }).execute();
    },
    async claim(count, now, holdSeconds) {
      const rows = await db
        .updateTable('logout_notices')
        .set({ due_at: now + holdSeconds * SECOND, tries: sql<number>`tries + 1` })
        .where('id', 'in', (due) =>
          due.selectFrom('logout_notices').select('id').where('due_at', '<=', now).orderBy('due_at').limit(count).forUpdate().skipLocked(),
        )
        .returningAll()
        .execute();
      return rows.map(({ id, client_id: clientId, subject, sid, tries }) => ({ id, clientId, subject, sid, tries }));
    },
    async postpone(id, retryAt) {
      await db.updateTable('logout_notices').set({ due_at: retryAt }).where('id', '=', id).execute();
    },
    async settle(id) {
      await db.deleteFrom('logout_notices').where('id', '=', id).execute();
    },
  };
}

export function consents(db: Db): Consents {
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
