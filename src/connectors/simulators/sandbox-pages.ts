import type { IncomingMessage, ServerResponse } from 'node:http';
import { FAILURE_KINDS } from './failures.ts';
import { escapeHtml, page } from './pages.ts';
import { json, type SandboxControls } from './world.ts';

/** The clock and the errors of a sandbox: each a small page and the same as JSON. */

type Answer = (controls: SandboxControls, fields: Fields, request: IncomingMessage, response: ServerResponse) => void;
type Fields = Readonly<Record<string, unknown>>;

/** Ten years: what is later than that is a slip of the finger. */
const FURTHEST_SECONDS = 10 * 365 * 24 * 60 * 60;
const STEPS: readonly (readonly [seconds: number, label: string])[] = [
  [60, 'یک دقیقه'],
  [300, 'پنج دقیقه'],
  [1_800, 'نیم ساعت'],
  [3_600, 'یک ساعت'],
  [43_200, 'دوازده ساعت'],
  [86_400, 'یک روز'],
  [2_592_000, 'سی روز'],
];

export const SANDBOX_PAGES: Readonly<Record<string, Answer>> = {
  'GET /clock': (controls, _fields, request, response) => show(request, response, clockState(controls), () => clockPage(controls)),
  'POST /clock': (controls, { advance }, request, response) => {
    const seconds = Number(advance);
    if (!Number.isInteger(seconds) || seconds < 1 || controls.clock.ahead() + seconds > FURTHEST_SECONDS) return refuse(response, 'advance');
    controls.clock.advance(seconds);
    done(request, response, clockState(controls), '/clock');
  },
  'GET /failures': (controls, _fields, request, response) => show(request, response, controls.failures.list(), () => failuresPage(controls)),
  'POST /failures': (controls, fields, request, response) => {
    if (fields['clear'] !== undefined) controls.failures.clear();
    else if (!controls.failures.order(fields)) return refuse(response, 'client, endpoint, kind, count');
    done(request, response, controls.failures.list(), '/failures');
  },
};

const clockState = ({ clock }: SandboxControls): object => ({ now: new Date(Date.now()).toISOString(), ahead: clock.ahead() });
const wantsJson = (request: IncomingMessage): boolean =>
  /json/.test(request.headers['content-type'] ?? '') || /^application\/json/.test(request.headers.accept ?? '');

function show(request: IncomingMessage, response: ServerResponse, state: unknown, draw: () => string): void {
  if (wantsJson(request)) return json(response, state);
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }).end(draw());
}

function done(request: IncomingMessage, response: ServerResponse, state: unknown, back: string): void {
  if (wantsJson(request)) return json(response, state);
  response.writeHead(303, { Location: back }).end();
}

const refuse = (response: ServerResponse, expected: string): void => json(response, { error: 'bad-request', expected }, 400);

const clockPage = ({ clock }: SandboxControls): string =>
  page(
    'ساعت',
    `<p>ساعت این محیط: <span class="code">${new Date(Date.now()).toISOString()}</span> (<span class="code">+${clock.ahead()} s</span>)</p>
<form method="post"><p>${STEPS.map(([seconds, label]) => `<button name="advance" value="${seconds}">${label} جلو</button>`).join(' ')}</p></form>
<form method="post"><p><label>ثانیه <input name="advance" type="number" min="1" required></label> <button>جلو بردن</button></p></form>
<p class="code">POST /clock {"advance": 3600}</p>`,
    { sandbox: true },
  );

function failuresPage({ failures, clients }: SandboxControls): string {
  const options = (values: readonly string[]): string => values.map((one) => `<option>${escapeHtml(one)}</option>`).join('');
  const rows = failures.list().map(({ client, endpoint, kind, left }) => `<tr>${[client, endpoint, kind, left].map(cell).join('')}</tr>`);
  const forms = Object.entries(FAILURE_KINDS).map(
    ([endpoint, kinds]) =>
      `<form method="post"><p><strong class="code">${endpoint}</strong> <input type="hidden" name="endpoint" value="${endpoint}">
${endpoint === 'jwks' ? '' : `<label>سامانه <select name="client">${options(clients)}</select></label>`}
<label>خطا <select name="kind">${options(kinds)}</select></label> <label>تعداد <input name="count" type="number" min="1" max="1000" value="1" required></label> <button>ثبت</button></p></form>`,
  );
  return page(
    'خطاهای سفارشی',
    `<p>پاسخ‌های بعدی این سامانه به درخواست‌های شما خطا خواهد بود.</p>${forms.join('')}
<div class="wide"><table><thead><tr><th>سامانه</th><th>درخواست</th><th>خطا</th><th>باقی‌مانده</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>
<form method="post"><button name="clear" value="1">حذف همه</button></form>
<p class="code">POST /failures {"client": "sandbox", "endpoint": "token", "kind": "server_error", "count": 2}</p>`,
    { sandbox: true },
  );
}

const cell = (value: string | number): string => `<td class="ltr">${escapeHtml(String(value))}</td>`;
