import { PostgresDialect } from 'kysely';
import pg from 'pg';

const INT8 = 20;
/** Milliseconds since 1970 stay exact in a double for 285 000 years. */
pg.types.setTypeParser(INT8, Number);

const CONNECT_MS = 5_000;
/** Nothing here takes longer; a statement that does is ill and must not hold a connection. */
const STATEMENT_MS = 5_000;
const LOCK_MS = 2_000;

const STATEMENTS = 200;
const names = new Map<string, string>();

/** One name for each text, so that a connection parses and plans it once, not at every use. Beyond the bound a text of varying shape stays unnamed. */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known || names.size >= STATEMENTS) return known;
  names.set(text, `profile_${names.size}`);
  return names.get(text);
}

class PreparingClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: the driver's own signature has seven overloads; Kysely uses one of them
  override query(text: any, values?: any): any {
    const name = typeof text === 'string' && Array.isArray(values) && values.length ? nameOf(text) : undefined;
    return name ? super.query({ name, text, values }) : super.query(text, values);
  }
}

export function postgresDialect(url: string, poolSize: number, onError: (error: unknown) => void): PostgresDialect {
  const pool = new pg.Pool({
    Client: PreparingClient,
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
