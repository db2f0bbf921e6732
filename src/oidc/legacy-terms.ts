import { z } from 'zod';

/**
 * What one client may still use of the old interface, and until when. Off unless the client's metadata carries `legacy`; the forms are those that
 * public documents of the old system show (docs/migration.md). Terms that cannot be read count as none.
 */
const LEGACY_FORMS = ['paths', 'no-scope', 'audience', 'expires-in', 'signout', 'current-user', 'implicit'] as const;
export type LegacyForm = (typeof LEGACY_FORMS)[number];

/** Stands in `audiences` for the signed-in person's own national code (clinic software asks for a token by the doctor's). */
export const OWN_NATIONAL_CODE = 'own-national-code';

const uri = z.string().refine((text) => URL.canParse(text), 'an absolute address');

export const legacyTerms = z
  .object({
    /** Last day of the old forms, YYYY-MM-DD, as the calendar of Tehran counts. */
    until: z.iso.date(),
    forms: z.array(z.enum(LEGACY_FORMS)).min(1),
    /** Scope of a request that names none. With offline_access, refresh tokens outlive the browser's session. */
    default_scope: z.string().min(1).default('openid profile'),
    /** What may stand in `aud`; the issuer alone when empty. */
    audiences: z.array(z.string().min(1).max(256)).default([]),
    /** Exact addresses of the old sign-out. Each must also be one of `post_logout_redirect_uris`. */
    signout_uris: z.array(uri).default([]),
    /** Seconds; the server's own lifetime otherwise. */
    access_token_lifetime: z.int().positive().max(3600).optional(),
    /** Spellings of the old user record that no public document shows. */
    current_user: z
      .object({
        account_status: z.string().optional(),
        gender: z.object({ male: z.string(), female: z.string() }).strict().optional(),
        mobile: z.enum(['local', 'e164']).default('local'),
      })
      .strict()
      .optional(),
  })
  .strict();

export type LegacyTerms = z.output<typeof legacyTerms>;

const read = new WeakMap<object, LegacyTerms | undefined>();

/** The terms of a client's metadata; undefined when it has none, or none that can be read. */
export function termsOf(metadata: Readonly<Record<string, unknown>> | object | undefined): LegacyTerms | undefined {
  const raw = (metadata as Record<string, unknown> | undefined)?.['legacy'];
  if (typeof raw !== 'object' || raw === null) return undefined;
  if (!read.has(raw)) read.set(raw, legacyTerms.safeParse(raw).data);
  return read.get(raw);
}

const DAY = 24 * 60 * 60 * 1000;

/** The first millisecond after the last day. Iran has kept UTC+03:30 all year since 2022. */
export const endOf = ({ until }: LegacyTerms): number => Date.parse(`${until}T00:00:00+03:30`) + DAY;

export const permits = (terms: LegacyTerms | undefined, form: LegacyForm, now: number): terms is LegacyTerms =>
  terms?.forms.includes(form) === true && now < endOf(terms);
