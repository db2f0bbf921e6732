import type { Account, Clock, DurableRecord, Records } from '#src/identity/ports.ts';

/**
 * The protocol library asks for a token, its grant and its account one after another. Here they come in one round trip and wait in the request's own
 * memory, each for one question: nothing is ever served twice, and nothing outlives the request.
 */
export type ReadAhead = ReturnType<typeof createReadAhead>;

type Waiting = { grant?: DurableRecord | undefined; account?: Account | undefined; rotating?: string | undefined };
type Parts = {
  readonly records: Records;
  readonly now: Clock;
  /** The request that is being answered; undefined outside of one. */
  readonly request: () => object | undefined;
};

export function createReadAhead({ records, now, request }: Parts) {
  const requests = new WeakMap<object, Waiting>();
  const here = (): Waiting => {
    const key = request();
    const waiting = (key && requests.get(key)) ?? {};
    if (key) requests.set(key, waiting);
    return waiting;
  };
  const taken = <Name extends keyof Waiting>(name: Name, fits: (found: NonNullable<Waiting[Name]>) => boolean): Waiting[Name] => {
    const waiting = here();
    const found = waiting[name];
    if (found === undefined || !fits(found as NonNullable<Waiting[Name]>)) return undefined;
    waiting[name] = undefined;
    return found;
  };

  return {
    async grant(grantId: string, subject: string): Promise<void> {
      Object.assign(here(), await records.findGrant(grantId, subject, now()));
    },
    async refreshToken(id: string): Promise<DurableRecord | undefined> {
      const { token, ...backing } = await records.findRefreshToken(id, now());
      Object.assign(here(), backing);
      return token;
    },
    take: (grantId: string): DurableRecord | undefined => taken('grant', ({ id }) => id === grantId),
    account: (subject: string): Account | undefined => taken('account', (account) => account.subject === subject),
    /** The refresh token that the next one of this request replaces. */
    rotating(id: string): void {
      here().rotating = id;
    },
    rotated: (): string | undefined => taken('rotating', () => true),
  };
}
