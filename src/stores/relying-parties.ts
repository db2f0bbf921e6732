import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Apis, LogoutNotices } from '#src/identity/ports.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
const SECOND = 1000;

export function apis(db: Db): Apis {
  return {
    async find(identifier) {
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
