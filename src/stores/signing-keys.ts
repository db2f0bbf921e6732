import { type Kysely, type Selectable, sql } from 'kysely';
import type { KeyMoments, Keys, StoredKey } from '#src/identity/ports.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;
type Row = Omit<Selectable<Database['signing_keys']>, 'sealed'>;

const MOMENTS = ['kid', 'algorithm', 'created_at', 'not_before', 'signs_until', 'not_after'] as const;

/** The signing keys and their moments. Every process reads them; the table's lock lets one at a time change them. */
export function signingKeys(db: Db): Keys {
  const moments = async (handle: Db): Promise<KeyMoments[]> =>
    (await handle.selectFrom('signing_keys').select(MOMENTS).orderBy('created_at').orderBy('kid').execute()).map(momentsOf);
  return {
    moments: () => moments(db),
    async list() {
      const rows = await db.selectFrom('signing_keys').selectAll().orderBy('created_at').orderBy('kid').execute();
      return rows.map((row) => ({ ...momentsOf(row), sealed: row.sealed }));
    },
    change: (decide) =>
      db.transaction().execute(async (tx) => {
        // Readers go on; whoever else wants to change waits here and then sees what this transaction did.
        await sql`lock table signing_keys in exclusive mode`.execute(tx);
        const { add, move, remove } = decide(await moments(tx));
        for (const key of move) await tx.updateTable('signing_keys').set(columnsOf(key)).where('kid', '=', key.kid).execute();
        if (add.length) await tx.insertInto('signing_keys').values(add.map(rowOf)).execute();
        if (remove.length) await tx.deleteFrom('signing_keys').where('kid', 'in', remove).execute();
        return moments(tx);
      }),
  };
}

const momentsOf = (row: Row): KeyMoments => ({
  kid: row.kid,
  algorithm: row.algorithm,
  createdAt: row.created_at,
  signsFrom: row.not_before,
  ...(row.signs_until === null ? {} : { signsUntil: row.signs_until }),
  ...(row.not_after === null ? {} : { goneAt: row.not_after }),
});

const columnsOf = ({ signsFrom, signsUntil, goneAt }: KeyMoments) => ({ not_before: signsFrom, signs_until: signsUntil ?? null, not_after: goneAt ?? null });

const rowOf = (key: StoredKey) => ({ kid: key.kid, algorithm: key.algorithm, sealed: key.sealed, created_at: key.createdAt, ...columnsOf(key) });
