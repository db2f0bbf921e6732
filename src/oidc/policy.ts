import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { ACR, type Acr, isAcr, satisfies } from '#src/identity/assurance.ts';
import type { Account } from '#src/identity/ports.ts';
import { consentOf } from './grant.ts';

const { Check, Prompt, base } = interactionPolicy;

/** What the protocol library knows of an account, and our record. */
export type KnownAccount = { readonly accountId: string; readonly record: Account };

type Client = { readonly [field: string]: unknown } | undefined;
const LEVELS = Object.keys(ACR) as Acr[];

/** Assurance that the request demands: the first value we know, in the order of the relying party's preference, and never below the client's floor. */
export function demandedAcr(params: Readonly<Record<string, unknown>>, client: Client): Acr | undefined {
  const claims = typeof params['claims'] === 'string' ? essentialAcr(params['claims']) : [];
  const values = String(params['acr_values'] ?? '').split(' ');
  const presets = (client?.['defaultAcrValues'] as readonly string[] | undefined) ?? [];
  const asked = [...claims, ...values, ...presets].find(isAcr);
  const floor = isAcr(client?.['acr_floor']) ? client['acr_floor'] : undefined;
  return LEVELS.findLast((level) => level === asked || level === floor);
}

function essentialAcr(text: string): string[] {
  try {
    const acr = (JSON.parse(text) as { id_token?: { acr?: { value?: string; values?: string[] } } }).id_token?.acr;
    return [...(acr?.values ?? []), ...(acr?.value ? [acr.value] : [])];
  } catch {
    // The library itself refuses claims that are not JSON.
    return [];
  }
}

/** A session ends for us when the account is gone, or signed in before `sessionsFrom` (password changed, recovered, signed out everywhere). */
export const sessionStands = (account: Account | undefined, loginSeconds: number | undefined): boolean =>
  account !== undefined && (loginSeconds ?? 0) * 1000 >= account.sessionsFrom;

/**
 * The library's own prompts, in the order they are asked: sign-up (OpenID Connect Prompt Create 1.0), then sign-in, choice of account, consent.
 * Two checks are ours: the session's account still stands, and the session's assurance is what is demanded.
 */
export function createPolicy(): interactionPolicy.DefaultPolicy {
  const policy = base();
  policy.add(new Prompt({ name: 'create', requestable: true }), 0);
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 2);
  const login = policy.get('login');
  login?.checks.add(
    new Check('session_over', 'the session has ended', (ctx: KoaContextWithOIDC) => {
      const { session, account } = ctx.oidc;
      if (!session?.accountId) return Check.NO_NEED_TO_PROMPT;
      return sessionStands((account as unknown as KnownAccount | undefined)?.record, session.loginTs) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    }),
  );
  login?.checks.add(
    new Check('acr', 'a higher assurance is demanded', (ctx: KoaContextWithOIDC) => {
      const { session, params, client } = ctx.oidc;
      const demanded = demandedAcr(params ?? {}, client);
      // There is no second factor but SMS yet, and this client does not take that one.
      if (demanded && client?.['sms_forbidden'] && ACR[demanded].some((method) => method === 'sms'))
        throw new errors.UnmetAuthenticationRequirements('the demanded acr needs a code by SMS, which this client does not accept');
      if (!session?.accountId || !demanded) return Check.NO_NEED_TO_PROMPT;
      return satisfies(demanded, methodsOf(session.amr)) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    }),
  );
  policy
    .get('consent')
    ?.checks.add(
      new Check('consent_always', 'this client asks at each sign-in', 'consent_required', ({ oidc }: KoaContextWithOIDC) =>
        oidc.client && consentOf(oidc.client) === 'always' && !oidc.result?.['consent'] ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
      ),
    );
  // An application of the organisation itself asks nobody again; RFC 8252 §8.6 wants it of those whose identity is not assured.
  policy.get('consent')?.checks.remove('native_client_prompt');
  policy
    .get('consent')
    ?.checks.add(
      new Check('native_client_prompt', 'native clients require End-User interaction', 'interaction_required', ({ oidc }: KoaContextWithOIDC) =>
        oidc.client?.applicationType === 'native' && consentOf(oidc.client) !== 'implied' && !oidc.result?.['consent']
          ? Check.REQUEST_PROMPT
          : Check.NO_NEED_TO_PROMPT,
      ),
    );
  return policy;
}

/** Back from `amr` (RFC 8176) to the methods it was made of. */
export const methodsOf = (amr: readonly string[] = []): ('pwd' | 'sms')[] => (['pwd', 'sms'] as const).filter((method) => amr.includes(method));
