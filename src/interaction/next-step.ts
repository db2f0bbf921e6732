import { satisfies } from '#src/identity/assurance.ts';
import { identifierKey } from '#src/identity/identifier.ts';
import type { Demand } from '#src/oidc/bridge.ts';
import { contactKey, type Path, type Progress, type SignUp } from './progress.ts';

export const STEP_NAMES = [
  'sign-in',
  'sign-in-code',
  'consent',
  'recover',
  'recover-code',
  'recover-password',
  'sign-up',
  'sign-up-identifier',
  'sign-up-code',
  'sign-up-notice',
  'sign-up-waiting',
  'sign-up-identity',
  'sign-up-email',
  'sign-up-password',
  'sign-up-review',
  'sign-up-done',
] as const;
export type StepName = (typeof STEP_NAMES)[number];
type Next = StepName | 'finish';

/**
 * The only navigation there is: from what was shown and what is demanded to the page that is due. Back button, deep link, stale tab and second
 * tab all land there.
 */
export function nextStep(progress: Progress, demand: Pick<Demand, 'prompt' | 'acr'>): Next {
  if (demand.prompt === 'consent') return progress.decision ? 'finish' : 'consent';
  return PATHS[progress.path](progress, demand);
}

const PATHS: Readonly<Record<Path, (progress: Progress, demand: Pick<Demand, 'acr'>) => Next>> = {
  'sign-in': signIn,
  recover: ({ recovery }) => {
    if (!recovery) return 'recover';
    return recovery.proven ? 'recover-password' : 'recover-code';
  },
  'sign-up': ({ signUp }) => SIGN_UP.find(([due]) => due(signUp))?.[1] ?? 'finish',
};

function signIn({ subject, authentications, protect }: Progress, { acr }: Pick<Demand, 'acr'>): Next {
  const methods = authentications.map(({ method }) => method);
  if (!subject || !methods.includes('pwd')) return 'sign-in';
  const enough = satisfies(acr, methods) && (!protect || methods.includes('sms'));
  return enough ? 'finish' : 'sign-in-code';
}

/** In the order a person meets them; the first whose fact is missing is due. Facts that came later stay, so an edit returns to the review. */
const SIGN_UP: readonly (readonly [due: (facts: SignUp) => boolean, step: StepName])[] = [
  [({ kind }) => !kind, 'sign-up'],
  [({ contact }) => !contact, 'sign-up-identifier'],
  [({ notice }) => notice !== undefined, 'sign-up-notice'],
  [({ contact, proven }) => !contact || proven !== contactKey(contact), 'sign-up-code'],
  [({ waiting }) => waiting !== undefined, 'sign-up-waiting'],
  [({ contact, owned }) => !contact || owned !== contactKey(contact), 'sign-up-code'],
  [({ contact, identity }) => !contact || identity?.of !== identifierKey(contact.identifier), 'sign-up-identity'],
  [({ email }) => !email, 'sign-up-email'],
  [({ password }) => !password, 'sign-up-password'],
  [({ registered }) => !registered, 'sign-up-review'],
  [({ done }) => !done, 'sign-up-done'],
];
