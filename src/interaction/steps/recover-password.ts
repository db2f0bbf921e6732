import { z } from 'zod';
import { ProfileError } from '#src/errors.ts';
import { changedMessage } from '#src/identity/messages.ts';
import { passwordErrors, passwordFacts, wordsOf } from '#src/identity/password-context.ts';
import type { Account } from '#src/identity/ports.ts';
import { secret } from '../fields.ts';
import { NOTHING } from '../progress.ts';
import { step, type Turn } from '../step.ts';

/** Ends every session and refresh token, says so by SMS, and leaves the person to sign in with the new password: no automatic sign-in (OWASP). */
export const recoverPassword = step({
  name: 'recover-password',
  form: z.object({ password: secret }),

  async show(turn) {
    const account = await provenAccount(turn);
    return {
      ...passwordFacts(turn.limits, wordsOf(account.identifier, account.mobile, account.person)),
      username: account.identifier.value,
      steps: 3,
      step: 3,
    };
  },

  async submit(turn, { password }) {
    const account = await provenAccount(turn);
    const errors = passwordErrors(turn.limits, 'password', password, wordsOf(account.identifier, account.mobile, account.person));
    if (errors) return { errors };
    if (await turn.hasher.verify(account.passwordHash, password)) return { errors: { password: { code: 'reused' } } };
    const at = turn.now();
    await turn.durable.accounts.setPassword(account.subject, await turn.hasher.hash(password), { at, recovered: true }, [
      changedMessage(account, turn.t('sms.changed', { phone: turn.supportPhone }), at),
    ]);
    turn.nudge();
    return { progress: { ...NOTHING, notice: 'recovered', typed: { 'sign-in': { identifier: account.identifier.value } } } };
  },
});

/** The page that sets a password itself loads the proof that its code was redeemed, for this person (CVE-2026-18963). */
async function provenAccount({ durable, progress }: Turn): Promise<Account> {
  const account = await durable.accounts.find(progress.recovery?.proven?.subject ?? '');
  if (!account || account.disabled) throw new ProfileError('expired');
  return account;
}
