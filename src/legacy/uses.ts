import type { Clock, LegacyUse, LegacyUses } from '#src/identity/ports.ts';
import type { LegacyForm } from '#src/oidc/legacy-terms.ts';

/** Milliseconds that uses gather before they are written together. */
const GATHER_MS = 1_000;

export type UseCount = ReturnType<typeof createUseCount>;

/** YYYY-MM-DD, UTC. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Counts uses in memory and writes them behind the answers, many in one statement. A count that cannot be written is kept for the next time. */
export function createUseCount(parts: { store: LegacyUses; now: Clock; onError: (error: unknown) => void }) {
  let gathered = new Map<string, LegacyUse>();
  let timer: NodeJS.Timeout | undefined;

  const gather = (use: LegacyUse): void => {
    const key = `${use.clientId}\0${use.form}\0${use.day}`;
    const known = gathered.get(key);
    gathered.set(key, known ? { ...known, count: known.count + use.count, lastAt: Math.max(known.lastAt, use.lastAt) } : use);
  };

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const uses = [...gathered.values()];
    gathered = new Map();
    try {
      await parts.store.add(uses);
    } catch (error) {
      uses.forEach(gather);
      parts.onError(error);
    }
  };

  return {
    add(clientId: string, forms: readonly LegacyForm[]): void {
      const at = parts.now();
      for (const form of forms) gather({ clientId, form, day: dayOf(at), count: 1, lastAt: at });
      timer ??= setTimeout(() => void flush(), GATHER_MS).unref();
    },
    flush,
  };
}
