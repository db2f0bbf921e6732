import type { CodeBinding, CodePurpose } from '#src/identity/one-time-code.ts';
import type { Progress } from './progress.ts';
import type { Turn } from './step.ts';

/** Where a code goes. `to` is undefined for a person without an account: everything happens as for the others, but nothing is sent. */
export type Recipient = {
  readonly binding: CodeBinding;
  readonly to?: string /** Whose number the limits count; the same shape for known and unknown people. */;
  readonly counted: string;
};

/**
 * Issues the code of this visit (the same one while it lives) and hands it to the gateway without waiting, so that the answer takes the same time
 * whether or not anything is sent. Returns the seconds to wait when the limits refuse and no code is standing.
 */
export async function sendCode(turn: Turn, { binding, to, counted }: Recipient): Promise<{ progress: Progress } | { retryAfter: number }> {
  const verdict = await turn.limiter.take('sms', { number: counted, address: turn.address });
  if (!verdict.allowed) {
    const standing = await turn.codes.standing(binding);
    // Crossing messages are the usual failure: a code that lives is good enough, whoever presses twice.
    return standing && turn.progress.codeSent?.purpose === binding.purpose ? { progress: turn.progress } : { retryAfter: verdict.retryAfter };
  }
  const { code } = await turn.codes.issue(binding);
  if (to) turn.sms.code({ to, code, text: turn.t('sms.code', { code, host: turn.host }), id: `${binding.purpose}:${turn.uid}:${turn.now()}` });
  return { progress: { ...turn.progress, codeSent: { purpose: binding.purpose, at: turn.now() } } };
}

/** What every page with a code shows: how long the code lives, when it may be sent again. Seconds. */
export async function codeFacts(turn: Turn, binding: CodeBinding): Promise<{ expiresIn: number; resendIn: number; digits: number; attemptsLeft: number }> {
  const standing = await turn.codes.standing(binding);
  const since = turn.progress.codeSent?.at ?? 0;
  return {
    expiresIn: standing ? Math.max(0, Math.ceil((standing.expiresAt - turn.now()) / 1000)) : 0,
    resendIn: Math.max(0, Math.ceil((since + RESEND_SECONDS * 1000 - turn.now()) / 1000)),
    digits: digitsOf(turn, binding.purpose),
    attemptsLeft: standing?.attemptsLeft ?? 0,
  };
}

/** The shortest window of the SMS limits. */
const RESEND_SECONDS = 60;

const digitsOf = ({ limits }: Turn, purpose: CodePurpose): number => (purpose === 'recover' ? limits.recoveryCodeDigits : limits.oneTimeCodeDigits);
