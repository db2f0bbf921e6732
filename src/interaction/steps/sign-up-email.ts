import { z } from 'zod';
import { parseEmail } from '#src/identity/email.ts';
import { text } from '../fields.ts';
import { withSignUp } from '../progress.ts';
import { step } from '../step.ts';

export const signUpEmail = step({
  name: 'sign-up-email',
  form: z.object({ email: text }),
  keep: ['email'],
  show: ({ policy }) => ({ optional: policy.emailOptional }),

  submit({ progress, policy }, { email }) {
    if (!email.trim() && policy.emailOptional) return { progress: withSignUp(progress, { email: {} }) };
    const parsed = parseEmail(email);
    return parsed.ok ? { progress: withSignUp(progress, { email: { address: parsed.value } }) } : { errors: { email: { code: parsed.problem } } };
  },

  actions: { previous: ({ progress }) => ({ progress: withSignUp(progress, { identity: undefined }) }) },
});
