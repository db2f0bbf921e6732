import type { Provider } from 'oidc-provider';
import type { Clock, LogoutNotices } from '#src/identity/ports.ts';
import type { Note } from '#src/identity/sms-dispatch.ts';

/** Pauses before the second, third and fourth try, in seconds; after those the relying party is given up. */
const RETRY_AFTER = [5, 30, 180] as const;
/** Nobody else takes a notice for this long while it is being sent, in seconds; the library's own fetch gives up sooner. */
const HOLD = 30;
/** Sent at once; the next ones when the slowest of these has answered. */
const BATCH = 20;

type Client = InstanceType<Provider['Client']> & { backchannelLogout(subject: string, sid: string): Promise<void> };
type Parts = {
  readonly provider: Provider;
  readonly notices: LogoutNotices;
  readonly now: Clock;
  readonly note: Note;
  /** Hears of every notice whether the relying party took it. */
  readonly told: (clientId: string, ok: boolean) => Promise<void>;
};
type Notice = Awaited<ReturnType<LogoutNotices['claim']>>[number];

/**
 * Back-channel logout (OpenID Connect Back-Channel Logout 1.0) through a queue: the library would send inside the person's own sign-out and wait for
 * the slowest relying party. Here a sign-out writes one row for each client and is done; `deliver` sends, and tries again three times.
 */
export function createBackChannel({ provider, notices, now, note, told }: Parts): { deliver(): Promise<number> } {
  const prototype = provider.Client.prototype as Client;
  const send = prototype.backchannelLogout;
  Object.defineProperty(prototype, 'backchannelLogout', {
    async value(this: Client, subject: string, sid: string) {
      await notices.add({ clientId: this.clientId, subject, sid }, now());
    },
  });

  const attempt = async ({ clientId, subject, sid }: Notice): Promise<void> => {
    const client = (await provider.Client.find(clientId)) as Client | undefined;
    if (!client?.['backchannelLogoutUri']) return;
    await send.call(client, subject, sid);
    await told(clientId, true);
  };

  const deliverOne = async (notice: Notice): Promise<boolean> => {
    try {
      await attempt(notice);
      await notices.settle(notice.id);
      return true;
    } catch (error) {
      const pause = RETRY_AFTER[notice.tries - 1];
      note(pause === undefined ? 'error' : 'warn', 'logout.not-told', { client: notice.clientId, tries: notice.tries, error });
      if (pause === undefined) await notices.settle(notice.id);
      else await notices.postpone(notice.id, now() + pause * 1000);
      await told(notice.clientId, false);
      return false;
    }
  };

  return {
    /** Sends all that is due; returns how many notices are done. */
    async deliver() {
      let done = 0;
      for (;;) {
        const due = await notices.claim(BATCH, now(), HOLD);
        done += (await Promise.all(due.map(deliverOne))).filter(Boolean).length;
        if (due.length < BATCH) return done;
      }
    },
  };
}
