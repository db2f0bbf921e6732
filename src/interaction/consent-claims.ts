import { maskMobile } from '#src/identity/mobile.ts';
import type { Account } from '#src/identity/ports.ts';

export type ShownClaim = { readonly name: string; readonly value?: string; readonly date?: string };
/** What a client may do at an API, in the API's own words. */
export type ShownApi = { readonly name: string; readonly scopes: readonly string[] };

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

export type ApiNames = { readonly names: Readonly<Record<string, string>>; readonly scopes: Readonly<Record<string, Readonly<Record<string, string>>>> };

/** Scopes of APIs among `scopes` (`resource|scope`), by API. An API that is no longer registered is not shown: nothing can be got from it. */
export async function apisShown(
  scopes: readonly string[],
  language: string,
  api: (identifier: string) => Promise<ApiNames | undefined>,
): Promise<readonly ShownApi[]> {
  const pairs = scopes
    .filter((scope) => scope.includes('|'))
    .map((scope) => [scope.slice(0, scope.lastIndexOf('|')), scope.slice(scope.lastIndexOf('|') + 1)] as const);
  const resources = [...new Set(pairs.map(([resource = '']) => resource))];
  const shown = await Promise.all(
    resources.map(async (resource) => {
      const found = await api(resource);
      const named = pairs.filter(([of]) => of === resource).map(([, scope = '']) => found?.scopes[scope]?.[language] ?? scope);
      return found ? [{ name: found.names[language] ?? resource, scopes: named }] : [];
    }),
  );
  return shown.flat();
}
