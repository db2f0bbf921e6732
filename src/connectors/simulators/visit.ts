import { LANGUAGES, type Language, WORDS, type Words } from './words.ts';

const COOKIE = 'simulators-lang';
const YEAR = 365 * 24 * 60 * 60;

/** One request, as its page sees it. */
export type Visit = {
  readonly language: Language;
  readonly words: Words;
  readonly path: string;
  readonly query: URLSearchParams;
  /** An address of this server that keeps the language: links say it themselves, so that two tabs can have two languages. */
  link(path: string, query?: Readonly<Record<string, string>>): string;
  readonly other: { readonly language: Language; readonly address: string };
  /** `Set-Cookie`, when the address chose the language: for the next time somebody types an address. */
  readonly cookie: string | undefined;
};

/** The address says the language, or else the choice of before. Accept-Language is not read (decision 10). */
export function visitOf(url: URL, cookies = ''): Visit {
  const chosen = languageNamed(url.searchParams.get('lang'));
  const language = chosen ?? languageNamed(new RegExp(`(?:^|; )${COOKIE}=(\\w+)`).exec(cookies)?.[1]) ?? 'fa';
  const other = language === 'fa' ? 'en' : 'fa';
  const { lang: _, ...place } = Object.fromEntries(url.searchParams);
  return {
    language,
    words: WORDS[language],
    path: url.pathname,
    query: url.searchParams,
    link: (path, query = {}) => address(path, { ...query, lang: language }),
    other: { language: other, address: address(url.pathname, { ...place, lang: other }) },
    cookie: chosen && `${COOKIE}=${chosen}; Path=/; Max-Age=${YEAR}; SameSite=Lax; HttpOnly`,
  };
}

// A leading double slash would name another host.
const address = (path: string, query: Readonly<Record<string, string>>): string => `${path.replace(/^\/+/, '/')}?${new URLSearchParams(query)}`;
const languageNamed = (name: string | null | undefined): Language | undefined => LANGUAGES.find((one) => one === name);
