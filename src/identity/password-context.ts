import type { Limits } from '#src/limits.ts';
import { localMobile } from './mobile.ts';
import { brokenRules, PASSWORD_RULES, type PasswordRule } from './password-policy.ts';
import type { Identifier, Person } from './ports.ts';

/** What a password may not contain: the person's own codes and names. */
export const wordsOf = (
  identifier: Identifier,
  mobile: string,
  person: Pick<Person, 'firstName' | 'lastName' | 'firstNameLatin' | 'lastNameLatin'>,
  email?: string,
): readonly string[] =>
  [
    identifier.value,
    mobile,
    localMobile(mobile),
    localMobile(mobile).slice(1),
    person.firstName,
    person.lastName,
    person.firstNameLatin,
    person.lastNameLatin,
    email?.split('@')[0],
  ].filter((word) => word !== undefined);

/** The rules as the page shows them before anything is typed, and the words for the list that ticks itself off. */
export const passwordFacts = (limits: Limits, words: readonly string[]): object => ({
  rules: PASSWORD_RULES.map((name) => (name === 'length' ? { name, minimum: limits.passwordMinimum, maximum: limits.passwordMaximum } : { name })),
  words,
});

export type PasswordError = {
  readonly code: 'required' | PasswordRule;
  readonly min?: number;
  readonly max?: number;
  readonly rules?: readonly PasswordRule[];
};

/** The first broken rule as the field's error, all of them in `rules`; undefined when the password may be used. */
export function passwordErrors(limits: Limits, field: string, password: string, words: readonly string[]): Record<string, PasswordError> | undefined {
  if (!password) return { [field]: { code: 'required' } };
  const broken = brokenRules(password, words, limits);
  const [first] = broken;
  return first ? { [field]: { code: first, min: limits.passwordMinimum, max: limits.passwordMaximum, rules: broken } } : undefined;
}
