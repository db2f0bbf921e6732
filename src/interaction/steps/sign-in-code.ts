import { z } from 'zod';
import { ProfileError } from '#src/errors.ts';
import { maskMobile } from '#src/identity/mobile.ts';
import type { Account } from '#src/identity/ports.ts';
import { code, minutesOf } from '../fields.ts';
import { redeemCode } from '../redeem-code.ts';
import { codeFacts, sendCode } from '../send-code.ts';
import { sendSignInCode, signInBinding } from '../sign-in-code.ts';
import { step, type Turn } from '../step.ts';

/** The second factor: a code to the account's own mobile, after the password. */
export const signInCode = step({
  name: 'sign-in-code',
  form: z.object({ code }),

  async show(turn) {
    const account = await loadAccount(turn);
    return {
      mobile: maskMobile(account.mobile),
      stage: turn.progress.protect ? 'protect' : 'demanded',
      ...(await codeFacts(turn, signInBinding(turn, account))),
    };
  },

  /** A session that only lacks assurance comes here first, without a page that could have sent the code. */
  async enter(turn) {
    if (turn.progress.codeSent?.purpose === 'sign-in') return undefined;
    const progress = await sendSignInCode(turn, turn.progress, await loadAccount(turn));
    return progress === turn.progress ? undefined : progress;
  },

  async submit(turn, values) {
    const account = await loadAccount(turn);
    const errors = await redeemCode(turn, signInBinding(turn, account), values.code);
    if (errors) return { errors };
    return { progress: { ...turn.progress, authentications: [...turn.progress.authentications, { method: 'sms', at: turn.now() }] } };
  },

  actions: {
    async resend(turn) {
      const account = await loadAccount(turn);
      const sent = await sendCode(turn, { binding: signInBinding(turn, account), to: account.mobile, counted: account.mobile });
      return 'progress' in sent ? sent : { errors: { code: { code: 'rate', minutes: minutesOf(sent.retryAfter) } } };
    },
    previous(turn) {
      const { subject: _, codeSent: __, ...rest } = turn.progress;
      return { progress: { ...rest, authentications: [] } };
    },
  },
});

async function loadAccount({ durable, progress }: Turn): Promise<Account> {
  const account = await durable.accounts.find(progress.subject ?? '');
  if (!account || account.disabled) throw new ProfileError('expired');
  return account;
}
