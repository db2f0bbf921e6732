import { none } from '../fields.ts';
import { withSignUp } from '../progress.ts';
import { step } from '../step.ts';

/** Who: «اشخاص حقیقی» or «اتباع خارجی»; or go on with what this browser left unfinished. */
export const signUp = step({
  name: 'sign-up',
  form: none,
  show: ({ draft, go }) => ({ draft: draft?.signUp.contact !== undefined, goSignIn: go('sign-in') }),
  submit: () => ({ errors: { form: { code: 'choose' } } }),
  actions: {
    national: ({ progress }) => ({ progress: withSignUp(progress, { kind: 'national' }) }),
    foreign: ({ progress }) => ({ progress: withSignUp(progress, { kind: 'foreign' }) }),
    resume: ({ progress, draft }) => ({ progress: draft ? { ...progress, signUp: draft.signUp, typed: { ...progress.typed, ...draft.typed } } : progress }),
    restart: ({ progress }) => ({ progress: { ...progress, signUp: {}, typed: {} } }),
  },
});
