import { PostgresDialect } from 'kysely';
import pg from 'pg';

const INT8 = 20;
/** Milliseconds since 1970 stay exact in a double for 285 000 years. */
pg.types.setTypeParser(INT8, Number);

const CONNECT_MS = 5_000;
/** Nothing here takes longer; a statement that does is ill and must not hold a connection. */
const STATEMENT_MS = 5_000;
const LOCK_MS = 2_000;

export function postgresDialect(url: string, poolSize: number, onError: (error: unknown) => void): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
    application_name: 'profile',
  });
  // An idle connection that breaks would end the process otherwise.
  pool.on('error', onError);
  return new PostgresDialect({ pool });
}
