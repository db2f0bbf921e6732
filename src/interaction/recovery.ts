import { identifierKey } from '#src/identity/identifier.ts';
import type { Account, Identifier } from '#src/identity/ports.ts';
import type { Recipient } from './send-code.ts';
import type { Turn } from './step.ts';

/** Where the recovery code of this person goes; nowhere for an unknown or disabled one, with everything else equal. */
export async function recoveryRecipient(turn: Turn, identifier: Identifier): Promise<Recipient & { account?: Account }> {
  const found = await turn.durable.accounts.findByIdentifier(identifier);
  const account = found?.disabled ? undefined : found;
  const person = identifierKey(identifier);
  return {
    binding: { purpose: 'recover', uid: turn.uid, person, mobile: account?.mobile ?? 'none' },
    ...(account ? { to: account.mobile, account } : {}),
    // Counted by person, not by number: a number would be counted for known people only.
    counted: `recover:${person}`,
  };
}
