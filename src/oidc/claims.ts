import { jalaliText } from '#src/identity/birth-date.ts';
import type { Account } from '#src/identity/ports.ts';

/**
 * Scopes and the claims they open, in one table: the discovery document, the consent page and docs/claims.md read it.
 * Names are in Persian; `#en` carries the Latin form where a registry or a passport gave one (OpenID Connect Core §5.2).
 */
export const CLAIMS = {
  // amr, acr and auth_time stand in every ID token, so that a relying party can always judge how the person was authenticated.
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: [
    'name',
    'given_name',
    'family_name',
    'father_name',
    'name#en',
    'given_name#en',
    'family_name#en',
    'birthdate',
    'birthdate_jalali',
    'gender',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  national_id: ['national_id', 'national_id_type', 'nationality'],
} as const;

export const SCOPES = [...Object.keys(CLAIMS), 'offline_access'];

/** Every claim that at least one of these scopes opens. */
export const claimsOpenedBy = (scopes: readonly string[]): ReadonlySet<string> =>
  new Set(Object.entries(CLAIMS).flatMap(([scope, claims]) => (scopes.includes(scope) ? claims : [])));

type Claim = Exclude<(typeof CLAIMS)[keyof typeof CLAIMS][number], 'acr' | 'amr' | 'auth_time'>;

const latin = (...names: readonly (string | undefined)[]): string | undefined => names.filter(Boolean).join(' ') || undefined;

const VALUES: Readonly<Record<Claim, (account: Account) => unknown>> = {
  sub: ({ subject }) => subject,
  name: ({ person }) => `${person.firstName} ${person.lastName}`,
  given_name: ({ person }) => person.firstName,
  family_name: ({ person }) => person.lastName,
  father_name: ({ person }) => person.fatherName,
  'name#en': ({ person }) => latin(person.firstNameLatin, person.lastNameLatin),
  'given_name#en': ({ person }) => person.firstNameLatin,
  'family_name#en': ({ person }) => person.lastNameLatin,
  birthdate: ({ person }) => person.birthDate,
  birthdate_jalali: ({ person }) => jalaliText(person.birthDate),
  gender: ({ person }) => person.gender,
  updated_at: ({ createdAt, passwordChangedAt }) => Math.floor(Math.max(createdAt, passwordChangedAt) / 1000),
  email: ({ email }) => email,
  email_verified: ({ email, emailVerified }) => (email ? emailVerified : undefined),
  phone_number: ({ mobile }) => mobile,
  // Nobody has an account without a mobile that an SMS code and the operators' register proved to be theirs.
  phone_number_verified: () => true,
  national_id: ({ identifier }) => identifier.value,
  national_id_type: ({ identifier }) => identifier.kind,
  nationality: ({ person, identifier }) => person.nationality ?? (identifier.kind === 'national' ? 'IR' : undefined),
};

/** Every claim known of the account; the protocol library keeps those that scope, request and grant allow. */
export function claimsOf(account: Account): { sub: string; [claim: string]: unknown } {
  const known = Object.entries(VALUES).map(([claim, value]) => [claim, value(account)] as const);
  return { sub: account.subject, ...Object.fromEntries(known.filter(([, value]) => value !== undefined)) };
}
