const escapeHtml = (text: unknown): string => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.8 Vazirmatn,Tahoma,system-ui,sans-serif;margin:2rem auto;max-inline-size:40rem;padding-inline:1rem;overflow-wrap:anywhere}dt{opacity:.8}dd{margin:0;font-weight:600}`;

const page = (body: string): string =>
  `<!doctype html><html lang="fa" dir="rtl"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>پرونده محرمانه</title><style>${STYLE}</style><main>${body}<p><small>سامانه نمونه؛ داده‌ها ساختگی است</small></p></main></html>`;

export const homePage = (): string => page('<h1>پرونده محرمانه</h1><p>برای دیدن پرونده وارد شوید.</p><p><a href="/login">ورود</a></p>');

export function signedInPage(claims: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(claims).map(([name, value]) => `<dt><bdi>${escapeHtml(name)}</bdi></dt><dd><bdi>${escapeHtml(value)}</bdi></dd>`);
  return page(`<h1>سلام ${escapeHtml(claims['name'])}</h1><dl>${rows.join('')}</dl><p><a href="/logout">خروج</a></p>`);
}

export const errorPage = (code: string): string =>
  page(`<h1>ورود انجام نشد</h1><p><bdi>${escapeHtml(code)}</bdi></p><p><a href="/login">دوباره وارد شوید</a></p>`);
