import { z } from 'zod';
import { ProfileError } from '#src/errors.ts';
import { passwordErrors, passwordFacts, wordsOf } from '#src/identity/password-context.ts';
import { secret } from '../fields.ts';
import { withSignUp } from '../progress.ts';
import { step, type Turn } from '../step.ts';

export const signUpPassword = step({
  name: 'sign-up-password',
  form: z.object({ password: secret }),
  show: (turn) => ({ ...passwordFacts(turn.limits, words(turn)), username: turn.progress.signUp.contact?.identifier.value }),

  async submit(turn, { password }) {
    const errors = passwordErrors(turn.limits, 'password', password, words(turn));
    if (errors) return { errors };
    return { progress: withSignUp(turn.progress, { password: { hash: await turn.hasher.hash(password) } }) };
  },

  actions: { previous: ({ progress }) => ({ progress: withSignUp(progress, { email: undefined }) }) },
});

function words({ progress: { signUp } }: Turn): readonly string[] {
  if (!signUp.contact || !signUp.identity) throw new ProfileError('expired');
  return wordsOf(signUp.contact.identifier, signUp.contact.mobile, signUp.identity.person, signUp.email?.address);
}
