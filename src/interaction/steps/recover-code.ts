import { z } from 'zod';
import { ProfileError } from '#src/errors.ts';
import { code, minutesOf } from '../fields.ts';
import { recoveryRecipient } from '../recovery.ts';
import { redeemCode } from '../redeem-code.ts';
import { codeFacts, sendCode } from '../send-code.ts';
import { step, type Turn } from '../step.ts';

export const recoverCode = step({
  name: 'recover-code',
  form: z.object({ code }),

  async show(turn) {
    const { binding } = await recoveryRecipient(turn, identifierOf(turn));
    return { ...(await codeFacts(turn, binding)), steps: 3, step: 2 };
  },

  async submit(turn, values) {
    const { binding, account } = await recoveryRecipient(turn, identifierOf(turn));
    const errors = await redeemCode(turn, binding, values.code);
    if (errors) return { errors };
    // Nobody was sent this code; it was guessed.
    if (!account) return { errors: { code: { code: 'incorrect', left: 0 } } };
    return { progress: { ...turn.progress, recovery: { identifier: account.identifier, proven: { subject: account.subject } } } };
  },

  actions: {
    async resend(turn) {
      const sent = await sendCode(turn, await recoveryRecipient(turn, identifierOf(turn)));
      return 'progress' in sent ? sent : { errors: { code: { code: 'rate', minutes: minutesOf(sent.retryAfter) } } };
    },
    previous({ progress }) {
      const { recovery: _, codeSent: __, ...rest } = progress;
      return { progress: rest };
    },
  },
});

function identifierOf({ progress }: Turn) {
  if (!progress.recovery) throw new ProfileError('expired');
  return progress.recovery.identifier;
}
