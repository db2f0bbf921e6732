import { type Story, type SyntheticPerson, WITH_ACCOUNT } from './people.ts';
import { REGISTRY_STATES, type World } from './world.ts';

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const STORIES: Readonly<Record<Story, string>> = {
  ok: 'همه چیز درست است',
  'not-owner': 'شماره همراه به نام دیگری است',
  'certificate-zero': 'شماره شناسنامه در ثبت احوال صفر است',
  deceased: 'فوت شده',
  'needs-office': 'مراجعه به ثبت احوال لازم است',
  foreign: 'اتباع خارجی',
  'registry-down': 'ثبت احوال فقط برای این فرد از کار افتاده است',
  duplicate: 'حساب دارد',
  locked: 'حساب دارد و گذرواژه باید صبر کند',
  disabled: 'حساب غیرفعال',
};
const STATES: Readonly<Record<string, string>> = { normal: 'عادی', slow: 'کند', down: 'از کار افتاده', night: 'تعطیل شبانه' };

const STYLE = `
:root{color-scheme:light dark;font:16px/1.8 Vazirmatn,Tahoma,system-ui,sans-serif}body{margin:0 auto;max-width:70rem;padding:1rem}
nav{display:flex;flex-wrap:wrap;gap:1rem;border-bottom:1px solid #8886;padding-bottom:.5rem}h1{font-size:1.3rem}
.note{background:#f5c54233;border-inline-start:4px solid #c99a00;padding:.4rem .8rem}.code,td.ltr{direction:ltr;unicode-bidi:isolate;font-family:ui-monospace,monospace}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #8884;padding:.3rem .5rem;text-align:start;white-space:nowrap}.wide{overflow-x:auto}
article{border:1px solid #8886;border-radius:.5rem;padding:.6rem 1rem;margin-block:.8rem;white-space:pre-line}button,select{font:inherit;padding:.3rem 1rem;min-height:2.75rem}`;

export const page = (
  title: string,
  body: string,
  { head = '', sandbox = false }: { head?: string; sandbox?: boolean } = {},
): string => `<!doctype html><html lang="fa" dir="rtl"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>${head}<style>${STYLE}</style>
<nav><a href="/">شبیه‌سازها</a><a href="/sms">پیامک‌ها</a><a href="/people">افراد ساختگی</a><a href="/registry">وضعیت سامانه‌ها</a>${sandbox ? '<a href="/clock">ساعت</a><a href="/failures">خطاهای سفارشی</a>' : ''}</nav>
<h1>${title}</h1><p class="note">همه این داده‌ها ساختگی است. <bdi lang="en">Everything here is synthetic; simulators of the embedded mode.</bdi></p>${body}</html>`;

export const overviewPage = ({ people, inbox, state, sandbox }: World): string =>
  page(
    'شبیه‌سازهای Profile',
    `<ul><li><a href="/sms">صندوق پیامک</a>: ${inbox.length} · <a href="/sms.json">JSON</a></li><li><a href="/people">افراد ساختگی</a>: ${people.length} · <a href="/people.json">JSON</a></li>
<li><a href="/registry">وضعیت</a>: ثبت احوال ${STATES[state.registry]}، مالکیت تلفن همراه ${STATES[state.ownership]}، پیامک ${STATES[state.sms]}</li></ul>`,
    { sandbox: sandbox !== undefined },
  );

export const inboxPage = (messages: readonly { to: string; text: string; at: string }[], sandbox: boolean): string =>
  page(
    'صندوق پیامک',
    messages.length
      ? messages
          .map(
            ({ to, text, at }) =>
              `<article><strong class="code">${escapeHtml(to)}</strong> <small class="code">${escapeHtml(at)}</small>\n${escapeHtml(text)}</article>`,
          )
          .join('')
      : '<p>هنوز پیامکی فرستاده نشده است. این صفحه خود به خود تازه می‌شود.</p>',
    { head: '<meta http-equiv="refresh" content="3">', sandbox },
  );

export function peoplePage({ people, sandbox }: World, story: string | null): string {
  const shown = people.filter((person) => story === null || person.story === story);
  const password = (one: SyntheticPerson): string => (sandbox && WITH_ACCOUNT.has(one.story) ? escapeHtml(sandbox.password) : '');
  const known = Object.entries(STORIES).filter(([name]) => people.some((person) => person.story === name));
  const filter = known.map(([name, label]) => `<a href="/people?story=${name}">${label}</a>`);
  const rows = shown.map(
    (person) =>
      `<tr><td>${STORIES[person.story]}</td><td class="ltr">${person.code}</td><td class="ltr">${person.mobile}${person.ownMobile ? ` → ${person.ownMobile}` : ''}</td><td>${escapeHtml(person.firstName)}</td><td>${escapeHtml(person.lastName)}</td><td>${escapeHtml(person.fatherName)}</td><td class="ltr">${person.birthDate}</td><td class="ltr">${person.certificateNumber || (person.documentNumber ?? '')}</td>${sandbox ? `<td class="ltr">${password(person)}</td>` : ''}</tr>`,
  );
  return page(
    'افراد ساختگی',
    `<p>${filter.join(' · ')} · <a href="/people">همه</a></p><div class="wide"><table><thead><tr><th>داستان</th><th>کد ملی / کد فیدا</th><th>تلفن همراه</th><th>نام</th><th>نام خانوادگی</th><th>نام پدر</th><th>تاریخ تولد</th><th>شماره شناسنامه / گذرنامه</th>${sandbox ? '<th>گذرواژه</th>' : ''}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`,
    { sandbox: sandbox !== undefined },
  );
}

export function switchPage({ state, sandbox }: World): string {
  const select = (name: string, label: string, states: readonly string[], current: string): string =>
    `<p><label>${label} <select name="${name}">${states.map((one) => `<option value="${one}"${one === current ? ' selected' : ''}>${STATES[one]}</option>`).join('')}</select></label></p>`;
  return page(
    'وضعیت سامانه‌ها',
    `<form method="post">${select('registry', 'ثبت احوال', REGISTRY_STATES, state.registry)}${select('ownership', 'مالکیت تلفن همراه', REGISTRY_STATES, state.ownership)}${select('sms', 'درگاه پیامک', ['normal', 'down'], state.sms)}<button>ثبت</button></form>`,
    { sandbox: sandbox !== undefined },
  );
}
