import type { App } from '#src/app.ts';
import type { Log } from '#src/http/log.ts';
import type { Durable } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { now } from '../settings.ts';

const DELIVER_MS = 5_000;
const WATCH_MS = 20_000;
const SIGN_OUT_MS = 1_000;
const SWEEP_MS = 10 * 60_000;

/** Owed messages, people who wait for a register, sign-outs, keys, records that expired. A failure is logged and tried again. Returns what ends it all. */
export function startBackground(app: App, { records }: Durable, { keyReread }: Limits, log: Log): () => void {
  const timers = [
    every(DELIVER_MS, 'outbox', app.deliver),
    every(WATCH_MS, 'registry watch', app.watchRegistry),
    every(SIGN_OUT_MS, 'back-channel logout', app.tellSignOuts),
    every(keyReread * 1000, 'signing keys', app.refreshKeys),
    every(SWEEP_MS, 'sweep', () => records.sweep(now())),
  ];
  return () => timers.forEach(clearInterval);

  /** One run at a time. */
  function every(milliseconds: number, name: string, work: () => Promise<unknown>): NodeJS.Timeout {
    let running = false;
    return setInterval(() => {
      if (running) return;
      running = true;
      void work()
        .catch((error: unknown) => log.error({ error }, name))
        .finally(() => {
          running = false;
        });
    }, milliseconds).unref();
  }
}
