import type { Errors } from '#src/http/page.ts';
import type { CodeBinding } from '#src/identity/one-time-code.ts';
import { minutesOf } from './fields.ts';
import type { Turn } from './step.ts';

/** Redeems what was typed; the errors of the field `code`, or undefined when the code was right. */
export async function redeemCode(turn: Turn, binding: CodeBinding, typed: string): Promise<Errors | undefined> {
  if (!typed) return { code: { code: 'required' } };
  const result = await turn.codes.redeem(binding, typed);
  switch (result.outcome) {
    case 'ok':
      return undefined;
    case 'incorrect':
      return { code: { code: 'incorrect', left: result.attemptsLeft } };
    case 'too-many':
      return { code: { code: 'too-many', minutes: minutesOf(result.retryAfter) } };
    default:
      return { code: { code: result.outcome } };
  }
}
