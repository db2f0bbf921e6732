import { en } from './words-en.ts';
import { fa } from './words-fa.ts';

export const LANGUAGES = ['fa', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

type Same<T> = T extends string ? string : T extends (...values: infer V) => string ? (...values: V) => string : { readonly [K in keyof T]: Same<T[K]> };
/** What every language has: a missing word does not compile. */
export type Words = Same<typeof fa>;
export const WORDS: Readonly<Record<Language, Words>> = { fa, en };
