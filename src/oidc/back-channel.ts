import type { Provider } from 'oidc-provider';
import type { Clock, LogoutNotices } from '#src/identity/ports.ts';
import type { Note } from '#src/identity/sms-dispatch.ts';

/** Pauses before the second, third and fourth try, in seconds; after those the relying party is given up. */
const RETRY_AFTER = [5, 30, 180] as const;
/** Nobody else takes a notice for this long while it is being sent, in seconds; the library's own fetch gives up sooner. */
const HOLD = 30;
const BATCH = 20;

type Client = InstanceType<Provider['Client']> & { backchannelLogout(subject: string, sid: string): Promise<void> };
type Parts = { readonly provider: Provider; readonly notices: LogoutNotices; readonly now: Clock; readonly note: Note };

/**
 * Back-channel logout (OpenID Connect Back-Channel Logout 1.0) through a queue: the library would send inside the person's own sign-out and wait for
 * the slowest relying party. Here a sign-out writes one row for each client and is done; `deliver` sends, and tries again three times.
 */
export function createBackChannel({ provider, notices, now, note }: Parts): { deliver(): Promise<number> } {
  const prototype = provider.Client.prototype as Client;
  const send = prototype.backchannelLogout;
  Object.defineProperty(prototype, 'backchannelLogout', {
    async value(this: Client, subject: string, sid: string) {
      await notices.add({ clientId: this.clientId, subject, sid }, now());
    },
  });

  const attempt = async ({ clientId, subject, sid }: { clientId: string; subject: string; sid: string }): Promise<void> => {
    const client = (await provider.Client.find(clientId)) as Client | undefined;
    if (client?.['backchannelLogoutUri']) await send.call(client, subject, sid);
  };

  return {
    /** Sends what is due; returns how many relying parties were told. */
    async deliver() {
      const due = await notices.claim(BATCH, now(), HOLD);
      const told = await Promise.all(
        due.map(async (notice) => {
          try {
            await attempt(notice);
            await notices.settle(notice.id);
            return true;
          } catch (error) {
            const pause = RETRY_AFTER[notice.tries - 1];
            note(pause === undefined ? 'error' : 'warn', 'logout.not-told', { client: notice.clientId, tries: notice.tries, error });
            if (pause === undefined) await notices.settle(notice.id);
            else await notices.postpone(notice.id, now() + pause * 1000);
            return false;
          }
        }),
      );
      return told.filter(Boolean).length;
    },
  };
}
