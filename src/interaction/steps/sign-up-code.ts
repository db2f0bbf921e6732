import { z } from 'zod';
import { ProfileError } from '#src/errors.ts';
import { maskMobile } from '#src/identity/mobile.ts';
import { code, minutesOf } from '../fields.ts';
import { type Contact, contactKey, withSignUp } from '../progress.ts';
import { redeemCode } from '../redeem-code.ts';
import { codeFacts, sendCode } from '../send-code.ts';
import { signUpBinding } from '../sign-up-binding.ts';
import { checkOwnership } from '../sign-up-checks.ts';
import { step, type Turn } from '../step.ts';

export const signUpCode = step({
  name: 'sign-up-code',
  form: z.object({ code }),

  async show(turn) {
    const contact = contactOf(turn);
    return { mobile: maskMobile(contact.mobile), ...(await codeFacts(turn, signUpBinding(turn.uid, contact))) };
  },

  /** A draft that goes on in a new visit needs a new code; so does an edited number. */
  async enter(turn) {
    const contact = contactOf(turn);
    if (turn.progress.codeSent || turn.progress.signUp.proven === contactKey(contact)) return undefined;
    const sent = await sendCode(turn, { binding: signUpBinding(turn.uid, contact), to: contact.mobile, counted: contact.mobile });
    return 'progress' in sent ? sent.progress : undefined;
  },

  async submit(turn, values) {
    const contact = contactOf(turn);
    if (turn.progress.signUp.proven !== contactKey(contact)) {
      const errors = await redeemCode(turn, signUpBinding(turn.uid, contact), values.code);
      if (errors) return { errors };
    }
    return checkOwnership(turn, withSignUp(turn.progress, { proven: contactKey(contact) }));
  },

  actions: {
    async resend(turn) {
      const contact = contactOf(turn);
      const sent = await sendCode(turn, { binding: signUpBinding(turn.uid, contact), to: contact.mobile, counted: contact.mobile });
      return 'progress' in sent ? sent : { errors: { code: { code: 'rate', minutes: minutesOf(sent.retryAfter) } } };
    },
    previous({ progress }) {
      const { codeSent: _, ...rest } = progress;
      return { progress: withSignUp(rest, { contact: undefined }) };
    },
  },
});

function contactOf({ progress }: Turn): Contact {
  if (!progress.signUp.contact) throw new ProfileError('expired');
  return progress.signUp.contact;
}
