import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Account, Accounts } from '#src/identity/ports.ts';
import { claimsOf } from './claims.ts';
import type { ReadAhead } from './read-ahead.ts';

type Parts = {
  readonly accounts: Accounts;
  readonly readAhead: ReadAhead;
  /** Claims that stand beside the person's in every answer. */
  readonly more?: Readonly<Record<string, unknown>> | undefined;
};

/** `findAccount` of the library. Asked at every grant, not only at sign-in: a disabled account gets no token from a code or refresh token issued before (CVE-2026-9798). */
export const accountLookup =
  ({ accounts, readAhead, more = {} }: Parts) =>
  async (ctx: KoaContextWithOIDC, subject: string): Promise<{ accountId: string; record: Account; claims: () => { sub: string } } | undefined> => {
    // A session that has a grant for this client is asked for it next.
    const grantId = ctx.oidc.session?.accountId === subject && ctx.oidc.client ? ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId) : undefined;
    if (grantId) await readAhead.grant(grantId, subject);
    const record = await standing({ accounts, readAhead }, subject);
    return record ? { accountId: subject, record, claims: () => ({ ...claimsOf(record), ...more }) } : undefined;
  };

/** Whether the account is there and not disabled. */
export const accountStands =
  (parts: Parts) =>
  async (subject: string): Promise<boolean> =>
    (await standing(parts, subject)) !== undefined;

async function standing({ accounts, readAhead }: Parts, subject: string): Promise<Account | undefined> {
  const record = readAhead.account(subject) ?? (await accounts.find(subject));
  return record?.disabled ? undefined : record;
}
