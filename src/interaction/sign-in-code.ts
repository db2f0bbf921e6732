import { satisfies } from '#src/identity/assurance.ts';
import { identifierKey } from '#src/identity/identifier.ts';
import type { CodeBinding } from '#src/identity/one-time-code.ts';
import type { Account } from '#src/identity/ports.ts';
import type { Progress } from './progress.ts';
import { sendCode } from './send-code.ts';
import type { Turn } from './step.ts';

export const signInBinding = (turn: Turn, account: Account): CodeBinding => ({
  purpose: 'sign-in',
  uid: turn.uid,
  person: identifierKey(account.identifier),
  mobile: account.mobile,
});

/** Sends the second factor's code where one is needed and none was sent in this visit; otherwise the progress as it was. */
export async function sendSignInCode(turn: Turn, progress: Progress, account: Account): Promise<Progress> {
  const methods = progress.authentications.map(({ method }) => method);
  const needed = !methods.includes('sms') && (progress.protect || !satisfies(turn.demand.acr, methods));
  if (!needed || progress.codeSent?.purpose === 'sign-in') return progress;
  const sent = await sendCode({ ...turn, progress }, { binding: signInBinding(turn, account), to: account.mobile, counted: account.mobile });
  return 'progress' in sent ? sent.progress : progress;
}
