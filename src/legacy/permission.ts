/**
 * legacy/ is the road from today's system: the old paths and forms, translated into standard requests before the protocol library sees them. Off for
 * every client without terms (src/oidc/legacy-terms.ts), over for each on its own day. It issues nothing itself.
 */
import type { Context } from 'koa';
import { ProfileError } from '#src/errors.ts';
import type { LegacyClient } from '#src/oidc/legacy-bridge.ts';
import { endOf, type LegacyForm, permits } from '#src/oidc/legacy-terms.ts';

/** Why a client may not use a form; the text is for its developers. */
export type Refusal = { readonly kind: 'unknown' | 'form' | 'over'; readonly text: string };

/** The first reason against using all of these forms; undefined when there is none. */
export function refusalOf(client: LegacyClient | undefined, forms: readonly LegacyForm[], now: number): Refusal | undefined {
  if (!client?.terms) return { kind: 'unknown', text: 'this client may not use the old interface' };
  const { terms } = client;
  if (now >= endOf(terms)) return { kind: 'over', text: `the old interface ended for this client on ${terms.until}; see docs/migration.md` };
  const missing = forms.find((form) => !permits(terms, form, now));
  return missing && { kind: 'form', text: `this client may not use "${missing}" of the old interface` };
}

/** A refusal as the page that a person sees. For a client without terms there is nothing at these addresses. */
export function refusedPage({ kind, text }: Refusal, clientId?: string): ProfileError {
  const code = ({ unknown: 'not-found', form: 'client-request', over: 'retired' } as const)[kind];
  return new ProfileError(code, { cause: new Error(text), ...(kind === 'unknown' ? {} : { detail: { clientId } }) });
}

/** A refusal as a program gets it (RFC 6749 §5.2). */
export function refusedAnswer(ctx: Context, error: string, text: string, status = 400): void {
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { error, error_description: text };
}

/** Seconds since 1970: the day this room opened, and with it the standard interface that replaces what it holds. */
const DEPRECATED_AT = Date.UTC(2026, 10, 24) / 1000;

/** Tells whoever reads headers that this form is old (RFC 9745) and when it ends (RFC 8594). */
export function announceEnd(ctx: Context, client: LegacyClient): void {
  if (!client.terms) return;
  ctx.set('Deprecation', `@${DEPRECATED_AT}`);
  ctx.set('Sunset', new Date(endOf(client.terms)).toUTCString());
}
