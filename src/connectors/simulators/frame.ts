import { html, type Markup, type Part } from './markup.ts';
import type { Visit } from './visit.ts';
import type { Words } from './words.ts';
import type { World } from './world.ts';

type PageName = keyof Words['nav'];
const PAGES: readonly (readonly [path: string, PageName])[] = [
  ['/', 'start'],
  ['/people', 'people'],
  ['/sms', 'sms'],
  ['/registry', 'registry'],
];
const OF_SANDBOX: readonly (readonly [path: string, PageName])[] = [
  ['/clock', 'clock'],
  ['/failures', 'failures'],
];
const DIRECTION = { fa: 'rtl', en: 'ltr' } as const;

/** A whole page. `visit` decides language and direction, `world` whether there are a clock and ordered errors. */
export function page(visit: Visit, { sandbox }: World, title: string, body: Part): string {
  const { words, language, other } = visit;
  const links = [...PAGES, ...(sandbox ? OF_SANDBOX : [])].map(
    ([path, name]) => html`<li><a href="${visit.link(path)}"${path === visit.path && html` aria-current="page"`}>${words.nav[name]}</a></li>`,
  );
  return html`<!doctype html><html lang="${language}" dir="${DIRECTION[language]}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ${words.name}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/pages.css"><script src="/pages.js" defer></script></head>
<body data-copy-word="${words.copy}" data-copied="${words.copied}"><a class="skip" href="#content">${words.skip}</a>
<header><p class="synthetic">${words.synthetic}</p><div class="head"><strong>${words.name}</strong>
<a class="other" href="${other.address}" hreflang="${other.language}" lang="${other.language}" dir="${DIRECTION[other.language]}">${OWN_NAME[other.language]}</a></div>
<nav aria-label="${words.pages}"><ul>${links}</ul></nav></header>
<main id="content" tabindex="-1"><h1>${title}</h1>${body}</main><p id="said" role="status" class="unseen"></p></body></html>`.markup;
}

/** What a language calls itself. */
const OWN_NAME = { fa: 'فارسی', en: 'English' } as const;

/** What was just done. */
export const notice = (text: string): Markup => html`<p class="notice" role="status">${text}</p>`;

/** A label, its field, and under it a hint and what is wrong with it; `draw` gets the attributes that join them. */
export function field(
  name: string,
  { label, hint, error }: { label: string; hint?: string | undefined; error?: string | undefined },
  draw: (joined: Markup) => Markup,
): Markup {
  const described = [error && `${name}-error`, hint && `${name}-hint`].filter(Boolean).join(' ');
  const joined = html`id="${name}" name="${name}"${described !== '' && html` aria-describedby="${described}"`}${error && html` aria-invalid="true"`}`;
  return html`<div class="field"><label for="${name}">${label}</label>${draw(joined)}
${hint && html`<p class="hint" id="${name}-hint">${hint}</p>`}${error && html`<p class="error" id="${name}-error">${error}</p>`}</div>`;
}

/** A table wider than the screen scrolls in a box of its own, also by keyboard. */
export const table = (name: string, heads: readonly string[], rows: readonly Markup[]): Markup =>
  html`<div class="wide" role="region" aria-label="${name}" tabindex="0"><table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;

/** Addresses and commands that do the same without a page. */
export const programs = ({ words }: Visit, examples: readonly string[]): Markup =>
  html`<section class="programs"><h2>${words.programs}</h2>${examples.map((example) => html`<pre dir="ltr" tabindex="0">${example}</pre>`)}</section>`;

export const notFoundPage = (visit: Visit, world: World): string => page(visit, world, visit.words.notFound.title, html`<p>${visit.words.notFound.text}</p>`);
