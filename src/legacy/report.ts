import type { LegacyUses } from '#src/identity/ports.ts';
import { termsOf } from '#src/oidc/legacy-terms.ts';
import { dayOf } from './uses.ts';

const DAY = 24 * 60 * 60 * 1000;

export type LegacyReportRow = {
  readonly client: string;
  readonly form: string;
  /** Milliseconds; undefined when never. */
  readonly lastUse?: number;
  /** Today and the 29 days before it. */
  readonly usesIn30Days: number;
  /** Last day, YYYY-MM-DD; undefined when the client has no readable terms any more. */
  readonly until?: string;
};

/** Every old form that a client may use or did use: who still has to move, and which permission nobody needs. */
export async function legacyReport(store: LegacyUses, now: number): Promise<readonly LegacyReportRow[]> {
  const [uses, clients] = await Promise.all([store.since(dayOf(now - 29 * DAY)), store.clients()]);
  const terms = new Map(clients.map(({ clientId, metadata }) => [clientId, termsOf(metadata)] as const));
  const counted = new Map<string, (typeof uses)[number]>(uses.map((use) => [`${use.clientId}\0${use.form}`, use]));
  const allowed = [...terms].flatMap(([client, its]) => (its?.forms ?? []).map((form) => `${client}\0${form}`));
  return [...new Set([...allowed, ...counted.keys()])].sort().map((key) => {
    const [client = '', form = ''] = key.split('\0');
    const use = counted.get(key);
    const until = terms.get(client)?.until;
    return { client, form, usesIn30Days: use?.count ?? 0, ...(use ? { lastUse: use.lastAt } : {}), ...(until ? { until } : {}) };
  });
}

const HEAD = ['client', 'form', 'last use', 'uses in 30 days', 'until'] as const;

/** The report as a table of plain text. */
export function reportText(rows: readonly LegacyReportRow[]): string {
  if (!rows.length) return 'no client may use the old interface';
  const cells = rows.map((row) => [
    row.client,
    row.form,
    row.lastUse === undefined ? 'never' : dayOf(row.lastUse),
    String(row.usesIn30Days),
    row.until ?? 'closed',
  ]);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(HEAD), ...cells.map(line)].join('\n');
}
