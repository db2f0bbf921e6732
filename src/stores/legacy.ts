import { type Kysely, sql } from 'kysely';
import type { LegacyUses, StoredClient } from '#src/identity/ports.ts';
import type { Database } from './schema.ts';
import { storable } from './storable.ts';

type Db = Kysely<Database>;
type ClientRow = { client_id: string; metadata: unknown };

const clientOf = ({ client_id: clientId, metadata }: ClientRow): StoredClient => ({ clientId, metadata: metadata as Record<string, unknown> });

/** Uses of the old interface, and the clients that may still use it. */
export function legacyUses(db: Db): LegacyUses {
  return {
    async add(uses) {
      if (!uses.length) return;
      await db
        .insertInto('legacy_uses')
        .values(uses.map(({ clientId, form, day, count, lastAt }) => ({ client_id: clientId, form, day, uses: count, last_at: lastAt })))
        .onConflict((conflict) =>
          conflict.columns(['client_id', 'form', 'day']).doUpdateSet({
            uses: sql<number>`legacy_uses.uses + excluded.uses`,
            last_at: sql<number>`greatest(legacy_uses.last_at, excluded.last_at)`,
          }),
        )
        .execute();
    },
    async since(day) {
      const { rows } = await sql<{ client_id: string; form: string; uses: number; last_at: number }>`
        select client_id, form, coalesce(sum(uses) filter (where day >= ${day}), 0)::int as uses, max(last_at) as last_at
        from legacy_uses group by client_id, form`.execute(db);
      return rows.map(({ client_id: clientId, form, uses, last_at: lastAt }) => ({ clientId, form, count: uses, lastAt }));
    },
    async clients() {
      const { rows } = await sql<ClientRow>`
        select client_id, metadata from clients where jsonb_typeof(metadata -> 'legacy') = 'object' order by client_id`.execute(db);
      return rows.map(clientOf);
    },
    async clientsOfSignout(uri) {
      if (!storable(uri)) return [];
      const { rows } = await sql<ClientRow>`
        select client_id, metadata from clients
        where metadata -> 'legacy' -> 'signout_uris' @> jsonb_build_array(${uri}::text) order by client_id`.execute(db);
      return rows.map(clientOf);
    },
  };
}
