import { z } from 'zod';
import { text } from '../fields.ts';
import { withSignUp } from '../progress.ts';
import { checkIdentity } from '../sign-up-checks.ts';
import { claimOf } from '../sign-up-claim.ts';
import { step } from '../step.ts';

const FIELDS = [
  'firstName',
  'lastName',
  'fatherName',
  'birthDay',
  'birthMonth',
  'birthYear',
  'certificateNumber',
  'certificateSame',
  'certificateSeries',
  'certificateSerial',
] as const;

export const signUpIdentity = step({
  name: 'sign-up-identity',
  form: z.object(Object.fromEntries(FIELDS.map((field) => [field, text])) as Record<(typeof FIELDS)[number], typeof text>),
  keep: FIELDS,

  show: ({ progress, policy, t }) => ({
    kind: progress.signUp.kind,
    series: policy.certificateSeries && progress.signUp.kind !== 'foreign',
    months: Array.from({ length: 12 }, (_, index) => ({ value: String(index + 1), label: t(`months.jalali.${index + 1}`) })),
    nationalCode: progress.signUp.contact?.identifier.value,
  }),

  submit(turn, values) {
    const claim = claimOf(turn, values);
    return 'errors' in claim ? claim : checkIdentity(turn, turn.progress, claim.claim);
  },

  // Back to the number: what was proven about it stays proven while it stays the same.
  actions: { previous: ({ progress }) => ({ progress: withSignUp(progress, { contact: undefined }) }) },
});
