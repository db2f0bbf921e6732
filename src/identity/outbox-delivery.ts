import type { Clock, Outbox, SmsGateway } from './ports.ts';
import type { Note } from './sms-dispatch.ts';

/** Delivers owed messages: at least once, soon after the fact, again after a restart, later while the gateway is ill. */
export type OutboxDelivery = { run(): Promise<number> };

const BATCH = 20;
const HOLD_SECONDS = 60;
/** Grows with each try, to an hour. */
const retryMs = (tries: number): number => Math.min(60 * 60_000, 5_000 * 3 ** Math.min(tries, 8));

type Parts = { readonly outbox: Outbox; readonly sms: SmsGateway; readonly now: Clock; readonly note: Note };

export function createOutboxDelivery({ outbox, sms, now, note }: Parts): OutboxDelivery {
  return {
    /** Sends what is due; returns how many were taken. */
    async run() {
      const due = await outbox.claim(BATCH, now(), HOLD_SECONDS);
      await Promise.all(
        due.map(async ({ id, to, text, tries }) => {
          const { outcome, providerCode } = await sms.send({ id, to, text });
          if (outcome === 'sent' || outcome === 'bad-number') await outbox.sent(id, now());
          else await outbox.postpone(id, now() + retryMs(tries));
          if (outcome !== 'sent') note(outcome === 'operator' ? 'error' : 'warn', 'outbox.not-sent', { outcome, providerCode, tries });
        }),
      );
      return due.length;
    },
  };
}
