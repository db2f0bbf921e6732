/**
 * http/ is a kit that knows no feature: pages, forms, headers, languages, logs. It does not know accounts, steps or the protocol.
 * This file owns the texts: every sentence for people stands in locales/, none in src or views.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInstance } from 'i18next';
import type { Context } from 'koa';
import { prefixed } from './cookies.ts';

export const LANGUAGES = ['fa', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];
export const DIRECTION: Readonly<Record<Language, 'rtl' | 'ltr'>> = { fa: 'rtl', en: 'ltr' };
export const LANGUAGE_COOKIE = 'lang';

export type TextValues = Readonly<Record<string, unknown>>;
/** Numbers among `values` are written in the digits of the language; strings (codes, mobiles) stay as they are. */
export type Translate = (key: string, values?: TextValues) => string;
export type Texts = { translate(language: Language): Translate; has(key: string): boolean };

/** Loads locales/*.json. A missing key is shown as the key itself; the architecture tests find it. */
export function createTexts(folder: string): Texts {
  const resources = Object.fromEntries(
    LANGUAGES.map((language) => [language, { translation: JSON.parse(readFileSync(join(folder, `${language}.json`), 'utf8')) }]),
  );
  const instance = createInstance();
  void instance.init({
    lng: 'fa',
    fallbackLng: false,
    resources,
    initAsync: false,
    showSupportNotice: false,
    // Pug escapes; a second escape here would show &amp;.
    interpolation: { prefix: '{', suffix: '}', escapeValue: false },
  } as Parameters<typeof instance.init>[0]);
  const fixed = Object.fromEntries(LANGUAGES.map((language) => [language, instance.getFixedT(language)]));
  return {
    translate: (language) => (key, values) => String(fixed[language]?.(key, digitsOf(language, values))),
    has: (key) => instance.exists(key, { lng: 'fa' }),
  };
}

const NUMBERS: Readonly<Record<Language, Intl.NumberFormat>> = {
  fa: new Intl.NumberFormat('fa-IR', { useGrouping: false }),
  en: new Intl.NumberFormat('en-GB', { useGrouping: false }),
};
export const formatNumber = (language: Language, value: number): string => NUMBERS[language].format(value);

const DATES: Readonly<Record<Language, Intl.DateTimeFormat>> = {
  fa: new Intl.DateTimeFormat('fa-IR-u-ca-persian', { dateStyle: 'long', timeZone: 'Asia/Tehran' }),
  en: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'Asia/Tehran' }),
};
const CIVIL_DATES: Readonly<Record<Language, Intl.DateTimeFormat>> = {
  fa: new Intl.DateTimeFormat('fa-IR-u-ca-persian', { dateStyle: 'long', timeZone: 'UTC' }),
  en: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }),
};
/** A moment (milliseconds, shown on Tehran's calendar) or a civil date (YYYY-MM-DD, the same everywhere). */
export const formatDate = (language: Language, value: number | string): string =>
  typeof value === 'number' ? DATES[language].format(value) : CIVIL_DATES[language].format(new Date(`${value}T00:00:00Z`));

/**
 * The person's own choice, then what the relying party asked for, then the setting. Accept-Language is not read:
 * many phones in Iran run an English interface for people who read Persian.
 */
export function languageOf(ctx: Context, preset: Language, uiLocales?: unknown): Language {
  const wanted = [ctx.cookies.get(prefixed(ctx, LANGUAGE_COOKIE), { signed: false }), ...String(uiLocales ?? '').split(' ')];
  for (const tag of wanted) {
    const language = LANGUAGES.find((known) => tag?.toLowerCase().split('-')[0] === known);
    if (language) return language;
  }
  return preset;
}

function digitsOf(language: Language, values: TextValues = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? formatNumber(language, value) : value]));
}
