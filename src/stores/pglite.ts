import { PGlite } from '@electric-sql/pglite';
import { PGliteDialect } from 'kysely';

const INT8 = 20;

/** PostgreSQL in this process; without a folder it lives in memory. */
export async function pgliteDialect(folder: string | undefined): Promise<PGliteDialect> {
  const pglite = await PGlite.create({ ...(folder ? { dataDir: folder } : {}), parsers: { [INT8]: Number } });
  return new PGliteDialect({ pglite });
}
