import { type Kysely, sql } from 'kysely';
import type { Budget, Outbox, OwedMessage, Waiting } from '#src/identity/ports.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
const SECOND = 1000;

/** Queues messages in the caller's own transaction. */
export async function queue(db: Db, owed: readonly OwedMessage[], at: number): Promise<void> {
  if (!owed.length) return;
  const rows = owed.map(({ id, to, text }) => ({ id, recipient: to, body: text, created_at: at, due_at: at, sent_at: null }));
  await db
    .insertInto('outbox')
    .values(rows)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

export function outbox(db: Db): Outbox {
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

export function budget(db: Db): Budget {
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

export function waiting(db: Db): Waiting {
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
