import { type Kysely, type Selectable, sql } from 'kysely';
import type { Account, Accounts, Identifier, Person } from '#src/identity/ports.ts';
import { queue } from './outbox.ts';
import type { Database } from './schema.ts';
import { storable } from './storable.ts';

type Db = Kysely<Database>;
const SECOND = 1000;

export function accounts(db: Db): Accounts {
  return {
    async find(subject) {
      if (!storable(subject)) return undefined;
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
        await endGrants(tx, subject, at);
        await queue(tx, owed, at);
      }),
    async rehash(subject, from, to) {
      await db.updateTable('accounts').set({ password_hash: to }).where('subject', '=', subject).where('password_hash', '=', from).execute();
    },
  };
}

/**
 * Without its grant no code, access token or refresh token is worth anything. Every relying party that wants to know of ended sessions is owed a
 * notice for each session that it still had a living grant of.
 */
async function endGrants(db: Db, subject: string, at: number): Promise<void> {
  await sql`
    with ended as (delete from records where subject = ${subject} returning kind, client_id, payload->>'sid' as sid, expires_at)
    insert into logout_notices (id, client_id, subject, sid, due_at)
    select gen_random_uuid()::text, client_id, ${subject}::text, sid, ${at}::bigint
    from ended join clients using (client_id)
    where kind = 'Grant' and sid is not null and expires_at > ${at}::bigint and metadata->>'backchannel_logout_uri' is not null`.execute(db);
}

export function accountOf(row: Selectable<Database['accounts']> | undefined): Account | undefined {
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
