import { z } from 'zod';
import type { Errors } from '#src/http/page.ts';
import { identifierKey, parseIdentifier } from '#src/identity/identifier.ts';
import { minutesOf, secret, text } from '../fields.ts';
import type { Progress } from '../progress.ts';
import { sendSignInCode } from '../sign-in-code.ts';
import { type Answer, step } from '../step.ts';

/** One message for an unknown code and a wrong password, equal in time: an unknown person costs the same hash. */
export const signIn = step({
  name: 'sign-in',
  form: z.object({ identifier: text, password: secret }),
  keep: ['identifier'],

  show: ({ progress, go }) => ({ notice: progress.notice, goSignUp: go('sign-up'), goRecover: go('recover') }),

  async submit(turn, { identifier: typed, password }): Promise<Answer> {
    const identifier = parseIdentifier(typed, turn.policy.fidaLengths);
    const missing = missingFields(typed, identifier !== undefined, password);
    if (missing || !identifier) return { errors: missing ?? {} };

    const person = identifierKey(identifier);
    const who = { person, address: turn.address, known: turn.knows(person) };
    const verdict = await turn.limiter.signIn.ask(who);
    if (!verdict.allowed) return { errors: { form: waiting(verdict.retryAfter) } };

    const found = await turn.durable.accounts.findByIdentifier(identifier);
    const account = found?.disabled ? undefined : found;
    const right = await turn.hasher.verify(account?.passwordHash, password);
    if (!account || !right) {
      const { attemptsLeft, wait } = await turn.limiter.signIn.failed(who);
      return { errors: { form: wait > 0 ? waiting(wait) : { code: 'incorrect', left: attemptsLeft } } };
    }
    await turn.limiter.signIn.succeeded(who);
    if (turn.hasher.needsRehash(account.passwordHash))
      await turn.durable.accounts.rehash(account.subject, account.passwordHash, await turn.hasher.hash(password));

    const { notice: _, ...rest } = turn.progress;
    const progress: Progress = {
      ...rest,
      subject: account.subject,
      authentications: [{ method: 'pwd', at: turn.now() }],
      ...(verdict.secondFactor ? { protect: true } : {}),
    };
    return { progress: await sendSignInCode(turn, progress, account) };
  },
});

function missingFields(identifier: string, valid: boolean, password: string): Errors | undefined {
  const errors = {
    ...(valid ? {} : { identifier: { code: identifier.trim() ? 'incorrect' : 'required' } }),
    ...(password ? {} : { password: { code: 'required' } }),
  };
  return Object.keys(errors).length ? errors : undefined;
}

const waiting = (seconds: number): { code: string; minutes: number } | { code: string; seconds: number } =>
  seconds < 60 ? { code: 'wait-seconds', seconds: Math.max(1, Math.ceil(seconds)) } : { code: 'wait', minutes: minutesOf(seconds) };
