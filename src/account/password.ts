import type { Context } from 'koa';
import { readForm } from '#src/http/form.ts';
import type { Translate } from '#src/http/locale.ts';
import type { Errors, Render } from '#src/http/page.ts';
import { identifierKey } from '#src/identity/identifier.ts';
import type { Limiter } from '#src/identity/limiter.ts';
import { changedMessage } from '#src/identity/messages.ts';
import type { Hasher } from '#src/identity/password.ts';
import { passwordErrors, passwordFacts, wordsOf } from '#src/identity/password-context.ts';
import type { Account, Clock, Durable } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';

export type PasswordServices = {
  readonly durable: Durable;
  readonly limiter: Limiter;
  readonly hasher: Hasher;
  readonly nudge: () => void;
  readonly now: Clock;
  readonly limits: Limits;
  readonly supportPhone: string;
};

const words = (account: Account): readonly string[] => wordsOf(account.identifier, account.mobile, account.person, account.email);

export async function passwordPage(
  ctx: Context,
  { services, render, account, errors }: { services: PasswordServices; render: Render; account: Account; errors: Errors },
): Promise<void> {
  await render(ctx, 'account/password', { errors, data: { ...passwordFacts(services.limits, words(account)), username: account.identifier.value } });
}

/**
 * «تغییر گذرواژه»: current and new. Ends every session and refresh token, and an SMS says so. The guesses at the current password are counted like
 * those at sign-in: an unlocked phone is not a way around them. Returns the errors, or undefined when the password has changed.
 */
export async function changePassword(ctx: Context, services: PasswordServices, account: Account, t: Translate): Promise<Errors | undefined> {
  const { currentPassword = '', newPassword = '' } = await readForm(ctx, services.limits.bodyBytes);
  const missing = {
    ...(currentPassword ? {} : { currentPassword: { code: 'required' } }),
    ...passwordErrors(services.limits, 'newPassword', newPassword, words(account)),
  };
  if (Object.keys(missing).length) return missing;

  const who = { person: identifierKey(account.identifier), address: ctx.ip, known: true };
  const verdict = await services.limiter.signIn.ask(who);
  if (!verdict.allowed) return { form: { code: 'wait', minutes: Math.max(1, Math.ceil(verdict.retryAfter / 60)) } };
  if (!(await services.hasher.verify(account.passwordHash, currentPassword))) {
    await services.limiter.signIn.failed(who);
    return { currentPassword: { code: 'incorrect' } };
  }
  await services.limiter.signIn.succeeded(who);
  if (currentPassword === newPassword) return { newPassword: { code: 'reused' } };

  const at = services.now();
  await services.durable.accounts.setPassword(account.subject, await services.hasher.hash(newPassword), { at, recovered: false }, [
    changedMessage(account, t('sms.changed', { phone: services.supportPhone }), at),
  ]);
  services.nudge();
  return undefined;
}
