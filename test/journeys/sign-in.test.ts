import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import type { Page } from '../support/browser.ts';
import { codeFor, PASSWORD, people, relyingParty, signIn, signUp, stepOf } from '../support/journey.ts';
import { RELYING_PARTY, type Started, start } from '../support/start.ts';

let s: Started;
let known: readonly SyntheticPerson[];
before(async () => {
  s = await start();
  known = people(s).slice(0, 6);
  for (const person of known) await signUp(s, s.browser(), person);
  await s.pass(61);
});
after(() => s.close());
const person = (index: number): SyntheticPerson => known[index] as SyntheticPerson;

/** What a stranger can tell two answers apart by, without what is random in every page. */
const visible = ({ status, text, headers }: Page, code: string) => ({
  status,
  text: text.replaceAll(code, '…').replace(/interaction\/[\w-]+/g, 'interaction/…'),
  headers: [...headers.keys()].filter((name) => !['date', 'content-length', 'set-cookie'].includes(name)).sort(),
});

test('a citizen signs in and comes back to the e-service', async () => {
  const rp = await relyingParty(s);
  const request = await rp.request();
  const end = await signIn(s.browser(), person(0), PASSWORD, request.url);
  const claims = (await rp.exchange(end.url, request)).claims();
  assert.deepEqual(claims?.['amr'], ['pwd']);
  assert.equal(claims?.['acr'], 'urn:profile:1');
  assert.equal(typeof claims?.['auth_time'], 'number');
});

test('the page names the e-service, and empty or malformed input is told beside the field', async () => {
  const browser = s.browser();
  const page = await browser.open((await (await relyingParty(s)).request()).url);
  assert.match(page.text, /خدمات غیرحضوری/);
  const empty = await browser.submit({ identifier: '', password: '' });
  assert.equal(empty.status, 422);
  assert.match(empty.text, /id="identifier-error"/);
  assert.match(empty.text, /id="password-error"/);
});

test('an unknown code and a wrong password are answered alike', async () => {
  const stranger = people(s)[30];
  assert.ok(stranger);
  const [one, two] = [s.browser(), s.browser()];
  const wrong = await signIn(one, person(1), 'not-the-password');
  const unknown = await signIn(two, stranger, 'not-the-password');
  assert.equal(wrong.status, 422);
  assert.deepEqual(visible(wrong, person(1).code), visible(unknown, stranger.code));
  assert.match(wrong.text, /کد ملی یا گذرواژه صحیح نیست/);
});

test('after repeated failures the page says how long to wait, for unknown people too; waiting helps', async () => {
  const stranger = people(s)[31];
  assert.ok(stranger);
  for (const who of [person(2), stranger]) {
    const browser = s.browser();
    for (let tries = 0; tries < 4; tries += 1) assert.match((await signIn(browser, who, 'wrong wrong wrong')).text, /صحیح نیست/);
    assert.match((await signIn(browser, who, 'wrong wrong wrong')).text, /تا ۳۰ ثانیه دیگر/);
    assert.match((await signIn(browser, who, PASSWORD)).text, /ثانیه دیگر/);
  }
  await s.pass(31);
  assert.match((await signIn(s.browser(), person(2))).text, /سلام/);
});

test('the browser that knows a person is not locked out by strangers', async () => {
  const own = s.browser();
  await signIn(own, person(3));
  own.forget('session');
  const stranger = s.browser();
  for (let tries = 0; tries < 6; tries += 1) await signIn(stranger, person(3), 'wrong wrong wrong');
  assert.match((await signIn(stranger, person(3))).text, /ثانیه دیگر|دقیقه دیگر/);
  assert.match((await signIn(own, person(3))).text, /سلام/);
});

test('a relying party that demands more gets an SMS code asked; the session’s password is enough for the rest', async () => {
  const rp = await relyingParty(s);
  const browser = s.browser();
  await signIn(browser, person(4));
  const request = await rp.request({ acr_values: 'urn:profile:2' });
  const page = await browser.open(request.url);
  assert.equal(stepOf(page), 'sign-in-code');
  assert.match(page.text, /0912 •••/);
  assert.match((await browser.submit({ code: '' })).text, /الزامی/);
  const end = await browser.submit({ code: await codeFor(s, person(4).mobile) });
  const claims = (await rp.exchange(end.url, request)).claims();
  assert.equal(claims?.['acr'], 'urn:profile:2');
  assert.deepEqual(claims?.['amr'], ['pwd', 'sms', 'otp', 'mfa']);
});

test('a one-time code works once, in its own visit only, and dies after five wrong tries', async () => {
  const rp = await relyingParty(s);
  await s.pass(3600);
  const [one, two] = [s.browser(), s.browser()];
  for (const browser of [one, two]) {
    await signIn(browser, person(5));
    await s.pass(61);
    await browser.open((await rp.request({ acr_values: 'urn:profile:2' })).url);
  }
  assert.equal(stepOf(one.page), 'sign-in-code');
  const code = await codeFor(s, person(5).mobile);
  assert.equal((await one.submit({ code })).status, 422, 'the code of the second visit is worth nothing in the first');
  for (let tries = 0; tries < 5; tries += 1) await two.submit({ code: '000001' });
  assert.match((await two.submit({ code })).text, /به پایان رسیده/);
});

test('a dead interaction starts again by itself, and the request is not lost', async () => {
  const rp = await relyingParty(s);
  const browser = s.browser();
  const request = await rp.request();
  const first = await browser.open(request.url);
  await s.pass(3700);
  const again = await browser.open(first.url);
  assert.equal(stepOf(again), 'sign-in');
  assert.notEqual(again.url, first.url);
  const end = await browser.submit({ identifier: person(0).code, password: PASSWORD });
  assert.ok(end.url.startsWith(`${RELYING_PARTY}/callback?code=`));
  await rp.exchange(end.url, request);
  const back = await browser.open(again.url);
  assert.ok(back.url.startsWith(`${RELYING_PARTY}/callback?code=`), 'the back button goes on to the e-service');
});

test('when one tab signs in, the other goes on by itself', async () => {
  const rp = await relyingParty(s);
  const browser = s.browser();
  const waiting = await browser.open((await rp.request()).url);
  await signIn(browser, person(0));
  const gone = await browser.open(waiting.url);
  assert.ok(gone.url.startsWith(`${RELYING_PARTY}/callback?code=`));
});

test('a browser without cookies meets an explanation, not a loop', async () => {
  const rp = await relyingParty(s);
  const browser = s.browser();
  const { url } = await browser.open((await rp.request()).url);
  for (const name of browser.cookies()) browser.forget(name);
  const jarless = s.browser();
  const again = await jarless.open(url);
  jarless.forget('interaction');
  const page = await jarless.open(again.url);
  assert.equal(page.status, 410);
  assert.match(page.text, /مهلت این صفحه به پایان رسیده است/);
  assert.match(page.text, /خدمات غیرحضوری/);
});

test('the session ends after half an hour without use, and after twelve hours in any case', async () => {
  const idle = s.browser();
  await signIn(idle, person(0));
  await s.pass(29 * 60);
  assert.match((await idle.open('/')).text, /سلام/);
  await s.pass(31 * 60);
  assert.equal(stepOf(await idle.open('/')), 'sign-in');

  const busy = s.browser();
  await signIn(busy, person(0));
  for (let minutes = 0; minutes < 11 * 60 + 40; minutes += 20) {
    await s.pass(20 * 60);
    assert.match((await busy.open('/')).text, /سلام/);
  }
  await s.pass(20 * 60 + 5);
  assert.equal(stepOf(await busy.open('/')), 'sign-in');
});

test('a second person at the same browser gets a session of their own; nothing of the first remains', async () => {
  const rp = await relyingParty(s);
  const browser = s.browser();
  await signIn(browser, person(0));
  const before = browser.cookie('session');
  await browser.open((await rp.request({ prompt: 'login' })).url);
  const end = await browser.submit({ identifier: person(1).code, password: PASSWORD });
  assert.ok(end.url.startsWith(`${RELYING_PARTY}/callback?code=`), end.url);
  assert.match((await browser.open(`${s.origin}/`)).text, new RegExp(person(1).code));
  const thief = s.browser();
  thief.plant('session', before ?? '');
  assert.equal(stepOf(await thief.open('/')), 'sign-in');
});

test('English is one link away and stays', async () => {
  const browser = s.browser();
  await browser.open('/sign-in');
  const page = await browser.follow('English');
  assert.match(page.text, /<html lang="en" dir="ltr"/);
  assert.match(page.text, /I forgot my password/);
  assert.match((await browser.open('/sign-up')).text, /User sign-up/);
});

test('a relying party’s ui_locales and login_hint are honoured', async () => {
  const rp = await relyingParty(s);
  const page = await s.browser().open((await rp.request({ ui_locales: 'en fa', login_hint: person(0).code })).url);
  assert.match(page.text, /lang="en"/);
  assert.match(page.text, new RegExp(`value="${person(0).code}"`));
});
