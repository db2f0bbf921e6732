/** HTML that is written already; every other string is escaped where it is put into `html`. */
export type Markup = { readonly markup: string };
export type Part = string | number | Markup | undefined | null | false | readonly Part[];

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const write = (part: Part): string => {
  if (part === undefined || part === null || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'markup' in part ? part.markup : part.map(write).join('');
};

/** A template whose parts are escaped; lists are joined, what is not there is nothing. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Markup => ({
  markup: texts.map((text, index) => text + write(parts[index])).join(''),
});

/** A value that is typed or copied: left to right in either language. A script makes a button of it. */
export const copyable = (value: string): Markup => html`<bdi class="code" data-copy>${value}</bdi>`;
export const code = (value: string): Markup => html`<bdi dir="ltr" class="code">${value}</bdi>`;
