import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ProfileError } from '#src/errors.ts';
import { createdMessage } from '#src/identity/messages.ts';
import type { NewAccount } from '#src/identity/ports.ts';
import { minutesOf, text } from '../fields.ts';
import { type Progress, type SignUp, withSignUp } from '../progress.ts';
import { reviewBlocks } from '../review-blocks.ts';
import { type Answer, step, type Turn } from '../step.ts';

/** Which fact each «ویرایش» takes back; the later ones stay, so the edited page leads here again. */
const EDITS: Readonly<Record<string, keyof SignUp>> = { identifier: 'contact', identity: 'identity', email: 'email', password: 'password' };

export const signUpReview = step({
  name: 'sign-up-review',
  form: z.object({ edit: text }),
  show: (turn) => ({ blocks: reviewBlocks(turn) }),

  async submit(turn, { edit }): Promise<Answer> {
    const fact = EDITS[edit];
    if (fact) return { progress: withSignUp(turn.progress, { [fact]: undefined }) };
    const verdict = await turn.limiter.take('sign-up', { address: turn.address });
    if (!verdict.allowed) return { errors: { form: { code: 'rate', minutes: minutesOf(verdict.retryAfter) } } };

    const account = newAccount(turn.progress.signUp);
    const owed = createdMessage(account.identifier, account.subject, account.mobile, turn.t('sms.created'));
    if (await turn.durable.accounts.create(account, [owed], turn.now())) {
      turn.nudge();
      return { progress: registered(turn, account.subject) };
    }
    // The second press of the same button meets the account that the first one made.
    const existing = await turn.durable.accounts.findByIdentifier(account.identifier);
    if (existing?.passwordHash === account.passwordHash) return { progress: registered(turn, existing.subject) };
    return { progress: withSignUp(turn.progress, { notice: { kind: 'exists' }, owned: undefined }) };
  },

  actions: { previous: ({ progress }) => ({ progress: withSignUp(progress, { password: undefined }) }) },
});

function registered(turn: Turn, subject: string): Progress {
  const { password: _, ...rest } = turn.progress.signUp;
  return {
    ...turn.progress,
    subject,
    // Both were shown in this sign-up: the password was just set, the mobile answered with its code.
    authentications: [
      { method: 'pwd', at: turn.now() },
      { method: 'sms', at: turn.now() },
    ],
    signUp: { ...rest, password: { hash: '' }, registered: true },
  };
}

function newAccount({ contact, identity, password, email }: SignUp): NewAccount {
  if (!contact || !identity || !password) throw new ProfileError('expired');
  return {
    subject: randomUUID(),
    identifier: contact.identifier,
    mobile: contact.mobile,
    person: identity.person,
    passwordHash: password.hash,
    ...(email?.address ? { email: email.address } : {}),
  };
}
