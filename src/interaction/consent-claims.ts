import { maskMobile } from '#src/identity/mobile.ts';
import type { Account } from '#src/identity/ports.ts';

export type ShownClaim = { readonly name: string; readonly value?: string; readonly date?: string };

/** What each scope gives, as a person reads it. Values are shown so that nobody allows what they have not seen. */
const SHOWN: Readonly<Record<string, (account: Account) => readonly ShownClaim[]>> = {
  profile: ({ person }) => [
    { name: 'name', value: `${person.firstName} ${person.lastName}` },
    { name: 'birthdate', date: person.birthDate },
  ],
  email: ({ email }) => (email ? [{ name: 'email', value: email }] : []),
  phone: ({ mobile }) => [{ name: 'phone', value: maskMobile(mobile) }],
  national_id: ({ identifier }) => [{ name: 'national_id', value: identifier.value }],
  offline_access: () => [{ name: 'offline' }],
};

export const scopeValues = (account: Account, scopes: readonly string[]): readonly ShownClaim[] => scopes.flatMap((scope) => SHOWN[scope]?.(account) ?? []);
export const identifierLabel = ({ person }: Account): string => `${person.firstName} ${person.lastName}`;
