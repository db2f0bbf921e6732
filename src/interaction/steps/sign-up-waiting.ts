import { randomUUID } from 'node:crypto';
import { maskMobile } from '#src/identity/mobile.ts';
import { sealWaiting } from '#src/identity/registry-watch.ts';
import { none } from '../fields.ts';
import { contactKey, withSignUp } from '../progress.ts';
import { checkIdentity, checkOwnership } from '../sign-up-checks.ts';
import { claimOf } from '../sign-up-claim.ts';
import { type Answer, step, type Turn } from '../step.ts';

/** The register does not answer: nothing is lost, nothing is a mismatch. Try again, or be told by SMS. */
export const signUpWaiting = step({
  name: 'sign-up-waiting',
  form: none,
  show: ({ progress, now }) => ({
    mobile: progress.signUp.contact ? maskMobile(progress.signUp.contact.mobile) : '',
    asked: progress.signUp.waiting?.asked ?? false,
    retryIn: Math.max(0, Math.ceil(((progress.signUp.waiting?.since ?? 0) + RETRY_SECONDS * 1000 - now()) / 1000)),
  }),
  submit: (turn) => retry(turn),
  actions: {
    retry: (turn) => retry(turn),
    async notify(turn): Promise<Answer> {
      const { contact, waiting } = turn.progress.signUp;
      if (!contact || !waiting) return { progress: turn.progress };
      if (!waiting.asked) {
        const id = randomUUID();
        const claim = claimOf(turn);
        const question = { identifier: contact.identifier, contact, ...('claim' in claim ? { birthDate: claim.claim.birthDate } : {}) };
        const sealed = sealWaiting(turn.seal, id, { to: contact.mobile, text: turn.t('sms.registry-back', { host: turn.host }), question });
        await turn.durable.waiting.add({ id, sealed, at: turn.now(), until: turn.now() + turn.limits.waitingDraftLifetime * 1000 });
      }
      return { progress: withSignUp(turn.progress, { waiting: { ...waiting, asked: true } }) };
    },
    previous: ({ progress }) => ({ progress: withSignUp(progress, { waiting: undefined, ...(progress.signUp.owned ? {} : { contact: undefined }) }) }),
  },
});

/** So that an impatient thumb does not hammer a register that is ill. */
const RETRY_SECONDS = 15;

async function retry(turn: Turn): Promise<Answer> {
  const { contact, owned } = turn.progress.signUp;
  if (!contact || owned !== contactKey(contact)) return checkOwnership(turn, turn.progress);
  const claim = claimOf(turn);
  if ('errors' in claim) return { progress: withSignUp(turn.progress, { waiting: undefined }) };
  const answer = await checkIdentity(turn, turn.progress, claim.claim);
  // A mismatch belongs beside the fields: back to them, where it is found again and shown.
  return 'errors' in answer ? { progress: withSignUp(turn.progress, { waiting: undefined }) } : answer;
}
