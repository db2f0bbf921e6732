import { none } from '../fields.ts';
import { withSignUp } from '../progress.ts';
import { step } from '../step.ts';

/** The guide's success message; the button goes on to the e-service, signed in. */
export const signUpDone = step({
  name: 'sign-up-done',
  form: none,
  show: ({ progress }) => ({ firstName: progress.signUp.identity?.person.firstName }),
  submit: ({ progress }) => ({ progress: withSignUp(progress, { done: true }) }),
});
