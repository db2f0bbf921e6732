import type { StepName } from '../next-step.ts';
import type { AnyStep } from '../step.ts';
import { consent } from './consent.ts';
import { recover } from './recover.ts';
import { recoverCode } from './recover-code.ts';
import { recoverPassword } from './recover-password.ts';
import { signIn } from './sign-in.ts';
import { signInCode } from './sign-in-code.ts';
import { signUp } from './sign-up.ts';
import { signUpCode } from './sign-up-code.ts';
import { signUpDone } from './sign-up-done.ts';
import { signUpEmail } from './sign-up-email.ts';
import { signUpIdentifier } from './sign-up-identifier.ts';
import { signUpIdentity } from './sign-up-identity.ts';
import { signUpNotice } from './sign-up-notice.ts';
import { signUpPassword } from './sign-up-password.ts';
import { signUpReview } from './sign-up-review.ts';
import { signUpWaiting } from './sign-up-waiting.ts';

/** A step that is forgotten here does not compile. */
export const steps: Readonly<Record<StepName, AnyStep>> = {
  'sign-in': signIn,
  'sign-in-code': signInCode,
  consent,
  recover,
  'recover-code': recoverCode,
  'recover-password': recoverPassword,
  'sign-up': signUp,
  'sign-up-identifier': signUpIdentifier,
  'sign-up-code': signUpCode,
  'sign-up-notice': signUpNotice,
  'sign-up-waiting': signUpWaiting,
  'sign-up-identity': signUpIdentity,
  'sign-up-email': signUpEmail,
  'sign-up-password': signUpPassword,
  'sign-up-review': signUpReview,
  'sign-up-done': signUpDone,
};
