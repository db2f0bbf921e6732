import { z } from 'zod';
import { identifierKey, parseIdentifier } from '#src/identity/identifier.ts';
import { minutesOf, text } from '../fields.ts';
import { recoveryRecipient } from '../recovery.ts';
import { sendCode } from '../send-code.ts';
import { step } from '../step.ts';

/** The answer is the same whether or not the account exists: same page, same code work, same limits; only the SMS differs, and it leaves later. */
export const recover = step({
  name: 'recover',
  form: z.object({ identifier: text, method: z.enum(['sms']).catch('sms') }),
  keep: ['identifier'],

  show: ({ go }) => ({ goSignIn: go('sign-in'), steps: 3, step: 1 }),

  async submit(turn, { identifier: typed }) {
    const identifier = parseIdentifier(typed, turn.policy.fidaLengths);
    if (!identifier) return { errors: { identifier: { code: typed.trim() ? 'incorrect' : 'required' } } };
    const verdict = await turn.limiter.take('recover', { person: identifierKey(identifier), address: turn.address });
    if (!verdict.allowed) return { errors: { form: { code: 'rate', minutes: minutesOf(verdict.retryAfter) } } };

    const sent = await sendCode(turn, await recoveryRecipient(turn, identifier));
    if ('retryAfter' in sent) return { errors: { form: { code: 'rate', minutes: minutesOf(sent.retryAfter) } } };
    return { progress: { ...sent.progress, recovery: { identifier } } };
  },
});
