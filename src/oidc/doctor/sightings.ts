import type { Clock, Ephemeral } from '#src/identity/ports.ts';
import { SEEN, type Seen, type SeenName } from './checklist.ts';

/** A fact that did not change is written again after this long, so that a busy client costs one write a minute. */
const QUIET_MS = 60_000;
const MOST_REMEMBERED = 20_000;

/** What was last seen of each client, in the ephemeral store; `seconds` is how long it is kept. */
export function createSightings({ ephemeral, now, seconds }: { ephemeral: Ephemeral; now: Clock; seconds: number }) {
  const written = new Map<string, { readonly ok: boolean; readonly at: number }>();
  const key = (clientId: string, name: SeenName): string => `doctor:seen:${name}:${clientId}`;

  return {
    async note(clientId: string, sights: { readonly [name in SeenName]?: boolean }): Promise<void> {
      const at = now();
      const due = (Object.entries(sights) as [SeenName, boolean][]).filter(([name, ok]) => {
        const last = written.get(key(clientId, name));
        return !last || last.ok !== ok || at - last.at >= QUIET_MS;
      });
      if (written.size > MOST_REMEMBERED) written.clear();
      for (const [name, ok] of due) written.set(key(clientId, name), { ok, at });
      await Promise.all(due.map(([name, ok]) => ephemeral.put(key(clientId, name), JSON.stringify({ ok, at }), seconds)));
    },
    async of(clientId: string): Promise<Seen> {
      const values = await ephemeral.getMany(SEEN.map((name) => key(clientId, name)));
      return Object.fromEntries(SEEN.flatMap((name, index) => (values[index] ? [[name, JSON.parse(values[index])]] : [])));
    },
  };
}
