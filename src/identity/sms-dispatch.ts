import type { Limits } from '#src/limits.ts';
import type { Budget, Clock, Sms, SmsGateway } from './ports.ts';

/** Hands codes to the gateway after the answer has left, so that an answer takes as long whether or not a code is sent. */
export type SmsDispatch = { code(sms: Sms & { readonly code: string }): void /** Resolves when nothing is on its way. */; drained(): Promise<void> };

export type Note = (level: 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>>) => void;

const PARALLEL = 16;
const WAITING = 2_000;
/** A code lives for minutes; a gateway that is ill gets two more tries, seconds apart. */
const RETRY_AFTER_MS = [1_000, 4_000] as const;
/** Share of the day's budget at which an operator should look. */
const ALARMS = [0.5, 0.8, 1] as const;

type Parts = { readonly sms: SmsGateway; readonly budget: Budget; readonly now: Clock; readonly limits: Limits; readonly note: Note };

export function createSmsDispatch(parts: Parts): SmsDispatch {
  const queue: Sms[] = [];
  const idle = new Set<() => void>();
  let running = 0;

  const next = (): void => {
    while (running < PARALLEL) {
      const sms = queue.shift();
      if (!sms) break;
      running += 1;
      void deliver(parts, sms).finally(() => {
        running -= 1;
        next();
      });
    }
    if (running === 0 && queue.length === 0) for (const resolve of idle) resolve();
  };

  return {
    code(sms) {
      if (queue.length >= WAITING) {
        parts.note('error', 'sms.queue-full', { waiting: queue.length });
        return;
      }
      queue.push(sms);
      setImmediate(next);
    },
    drained: () =>
      new Promise<void>((resolve) => {
        if (running === 0 && queue.length === 0) return resolve();
        const done = (): void => {
          idle.delete(done);
          resolve();
        };
        idle.add(done);
      }),
  };
}

async function deliver(parts: Parts, sms: Sms): Promise<void> {
  try {
    if (!(await withinBudget(parts))) return;
    for (const pause of [...RETRY_AFTER_MS, 0]) {
      const { outcome, providerCode } = await parts.sms.send(sms);
      if (outcome === 'sent') return;
      parts.note(outcome === 'operator' ? 'error' : 'warn', 'sms.not-sent', { outcome, providerCode });
      if (outcome !== 'retry' || pause === 0) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  } catch (error) {
    parts.note('error', 'sms.failed', { error });
  }
}

/** The day's budget of the whole system stands in the durable store: a restart of the other one does not refill it. */
export async function withinBudget({ budget, now, limits, note }: Omit<Parts, 'sms'>): Promise<boolean> {
  const day = new Date(now()).toISOString().slice(0, 10);
  const used = await budget.take(day, limits.smsDailyBudget);
  if (used === undefined) {
    note('error', 'sms.budget-used-up', { budget: limits.smsDailyBudget });
    return false;
  }
  const reached = ALARMS.find((share) => used === Math.ceil(share * limits.smsDailyBudget));
  if (reached) note('warn', 'sms.budget', { percent: reached * 100, budget: limits.smsDailyBudget });
  return true;
}
