export type Language = 'fa' | 'en';

const escapeHtml = (text: unknown): string => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const TEXTS = {
  fa: {
    title: 'خدمات غیرحضوری',
    sample: 'سامانه نمونه؛ داده‌ها ساختگی است',
    welcome: 'به سامانه خدمات غیرحضوری خوش آمدید',
    intro: 'برای دیدن سوابق بیمه، درخواست‌ها و پرداخت‌ها وارد شوید.',
    login: 'ورود به سامانه',
    signup: 'ثبت نام',
    more: 'راه‌های دیگر برای آزمودن',
    strong: 'ورود با کد صحت سنجی',
    offline: 'ورود با دسترسی ادامه‌دار',
    club: 'ورود به «باشگاه بازنشستگان» (سامانه بیرونی، با اجازه شما)',
    hello: 'سلام',
    call: 'تماس با سرویس',
    refresh: 'تازه‌سازی',
    logout: 'خروج از سامانه',
    claims: 'آنچه از سامانه مدیریت کاربران رسید',
    refused: 'ورود انجام نشد',
    refusedText: 'درخواست ورود پذیرفته نشد یا انصراف داده شد.',
    unavailable: 'سامانه ورود پاسخ نداد',
    unavailableText: 'کمی بعد دوباره تلاش نمایید.',
    home: 'بازگشت به صفحه اصلی',
    other: 'English',
  },
  en: {
    title: 'Online Services',
    sample: 'A sample e-service; its data is synthetic',
    welcome: 'Welcome to the online services',
    intro: 'Log in to see your insurance history, requests and payments.',
    login: 'Log in to the system',
    signup: 'Sign up',
    more: 'Other things to try',
    strong: 'Log in with a verification code',
    offline: 'Log in with continued access',
    club: 'Log in to the “Retirees’ Club” (a third party, with your consent)',
    hello: 'Hello',
    call: 'Call the API',
    refresh: 'Refresh',
    logout: 'Log out',
    claims: 'What came from the User Management System',
    refused: 'You are not logged in',
    refusedText: 'The log-in was refused or cancelled.',
    unavailable: 'The log-in system did not answer',
    unavailableText: 'Try again shortly.',
    home: 'Back to the start',
    other: 'فارسی',
  },
} as const;

const STYLE = `:root{color-scheme:light dark;--ink:#1d2433;--paper:#f3f5fa;--surface:#fff;--accent:#2a4b9b;--accent-ink:#fff;--line:#d6dbe8}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf4;--paper:#10141d;--surface:#181e2a;--accent:#9db7ff;--accent-ink:#10141d;--line:#2d3547}}
*{box-sizing:border-box}html{font:16px/1.8 Vazirmatn,Tahoma,system-ui,sans-serif}body{margin:0;background:var(--paper);color:var(--ink);overflow-wrap:anywhere}
header{background:var(--accent);color:var(--accent-ink);padding:.75rem 1.25rem;display:flex;justify-content:space-between;gap:1rem;align-items:center}header a{color:inherit}
main{max-inline-size:44rem;margin:2rem auto;padding:1.5rem;background:var(--surface);border:1px solid var(--line);border-radius:.75rem;display:grid;gap:1rem}h1{font-size:1.4rem;margin:0}p{margin:0}
.row{display:flex;flex-wrap:wrap;gap:.75rem}.b{font:inherit;font-weight:600;min-block-size:3rem;display:inline-grid;place-items:center;padding:.25rem 1.5rem;border-radius:.5rem;border:1.5px solid var(--accent);background:var(--accent);color:var(--accent-ink);text-decoration:none;cursor:pointer}.q{background:none;color:var(--accent)}
a{color:var(--accent)}dl{margin:0}dl div{display:grid;grid-template-columns:minmax(0,11rem) minmax(0,1fr);gap:.25rem 1rem;border-block-start:1px solid var(--line);padding-block:.4rem}dt{opacity:.8}dd{margin:0;font-weight:600}
pre{direction:ltr;text-align:left;white-space:pre-wrap;border:1px solid var(--line);padding:.75rem;border-radius:.5rem;margin:0}form{margin:0}@media(max-width:34rem){main{margin:0;border:0;border-radius:0}dl div{grid-template-columns:1fr}}`;

function page(language: Language, body: string): string {
  const t = TEXTS[language];
  return `<!doctype html><html lang="${language}" dir="${language === 'fa' ? 'rtl' : 'ltr'}"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${t.title}</title><style>${STYLE}</style>
<header><strong>${t.title}</strong><a href="/language?to=${language === 'fa' ? 'en' : 'fa'}" lang="${language === 'fa' ? 'en' : 'fa'}">${t.other}</a></header><main>${body}<p><small>${t.sample}</small></p></main></html>`;
}

export function homePage(language: Language, club: boolean): string {
  const t = TEXTS[language];
  return page(
    language,
    `<h1>${t.welcome}</h1><p>${t.intro}</p><div class="row"><a class="b" href="/login">${t.login}</a><a class="b q" href="/signup">${t.signup}</a></div>
<details><summary>${t.more}</summary><ul><li><a href="/login-strong">${t.strong}</a></li><li><a href="/login-offline">${t.offline}</a></li>${club ? `<li><a href="/club/login">${t.club}</a></li>` : ''}</ul></details>`,
  );
}

type Shown = { readonly claims: Readonly<Record<string, unknown>>; readonly canRefresh: boolean; readonly party: string; readonly answer?: string };

export function signedInPage(language: Language, { claims, canRefresh, answer }: Shown): string {
  const t = TEXTS[language];
  const rows = Object.entries(claims).map(
    ([name, value]) =>
      `<div><dt><bdi>${escapeHtml(name)}</bdi></dt><dd><bdi>${escapeHtml(typeof value === 'object' ? JSON.stringify(value) : value)}</bdi></dd></div>`,
  );
  const name = claims['name'] ?? claims['sub'];
  return page(
    language,
    `<h1>${t.hello} ${escapeHtml(name)}</h1><div class="row"><a class="b" href="/call">${t.call}</a>${canRefresh ? `<form method="post" action="/refresh"><button class="b q">${t.refresh}</button></form>` : ''}<a class="b q" href="/logout">${t.logout}</a></div>
${answer ? `<pre>${escapeHtml(answer)}</pre>` : ''}<h2>${t.claims}</h2><dl>${rows.join('')}</dl>`,
  );
}

export function errorPage(language: Language, kind: 'refused' | 'unavailable', detail: string): string {
  const t = TEXTS[language];
  return page(
    language,
    `<h1>${t[kind]}</h1><p>${kind === 'refused' ? t.refusedText : t.unavailableText}</p><p><small><bdi>${escapeHtml(detail)}</bdi></small></p><div class="row"><a class="b" href="/">${t.home}</a></div>`,
  );
}
