import { maskMobile } from '#src/identity/mobile.ts';
import { none } from '../fields.ts';
import { type Notice, withSignUp } from '../progress.ts';
import { noticeMinutes } from '../sign-up-checks.ts';
import { step } from '../step.ts';

/** Where «مرحله قبل» leads from each message window: back to the number, or back to the identity. */
const BEFORE_OWNERSHIP: ReadonlySet<Notice> = new Set(['not-owner', 'exists']);

/** The guide's message windows. None of them is a dead end. */
export const signUpNotice = step({
  name: 'sign-up-notice',
  form: none,
  show: ({ progress, go, supportPhone }) => ({
    notice: progress.signUp.notice?.kind,
    mobile: progress.signUp.contact ? maskMobile(progress.signUp.contact.mobile) : '',
    ...noticeMinutes(progress.signUp.notice?.retryAfter),
    goSignIn: go('sign-in'),
    goRecover: go('recover'),
    supportPhone,
  }),
  submit: (turn) => previous(turn),
  actions: { previous: (turn) => previous(turn) },
});

function previous({ progress }: { progress: import('../progress.ts').Progress }) {
  const { signUp } = progress;
  const { codeSent: _, ...rest } = progress;
  const backToNumber = !signUp.owned || (signUp.notice !== undefined && BEFORE_OWNERSHIP.has(signUp.notice.kind));
  return { progress: withSignUp(rest, { notice: undefined, ...(backToNumber ? { contact: undefined } : { identity: undefined }) }) };
}
