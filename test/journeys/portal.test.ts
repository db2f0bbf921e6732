import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { PASSWORD, people, relyingParty, signIn, signUp, stepOf } from '../support/journey.ts';
import { RELYING_PARTY, type Started, start } from '../support/start.ts';

let s: Started;
let known: readonly SyntheticPerson[];
before(async () => {
  s = await start();
  known = people(s).slice(0, 3);
  for (const person of known) await signUp(s, s.browser(), person);
});
after(() => s.close());
const person = (index: number): SyntheticPerson => known[index] as SyntheticPerson;
const NEW = 'daryache-sabz-boland';

test('the portal sends a stranger through sign-in and greets who comes back', async () => {
  const browser = s.browser();
  assert.equal(stepOf(await browser.open('/')), 'sign-in');
  const page = await browser.submit({ identifier: person(0).code, password: PASSWORD });
  assert.match(page.text, new RegExp(`سلام، ${person(0).firstName}`));
  assert.match(page.text, /تغییر گذرواژه/);
});

test('a person changes the password: this session goes on, the others end, an SMS says so', async () => {
  const [own, other] = [s.browser(), s.browser()];
  await signIn(own, person(1));
  await signIn(other, person(1));
  await own.open('/account/password');
  assert.match((await own.submit({ currentPassword: 'not-the-password', newPassword: NEW })).text, /گذرواژه فعلی صحیح نیست/);
  assert.match((await own.submit({ currentPassword: PASSWORD, newPassword: PASSWORD })).text, /یکسان باشد/);
  assert.match((await own.submit({ currentPassword: PASSWORD, newPassword: 'short' })).text, /از ۱۲ تا ۲۵۶ نویسه/);
  const page = await own.submit({ currentPassword: PASSWORD, newPassword: NEW });
  assert.match(page.text, /گذرواژه شما تغییر یافت/);
  assert.match((await own.open('/')).text, /سلام/);
  assert.equal(stepOf(await other.open('/')), 'sign-in');
  await s.app.deliver();
  assert.ok(s.simulators.world.inbox.some(({ to, text }) => to === person(1).mobile && text.includes('گذرواژه شما تغییر کرد')));
  assert.match((await signIn(s.browser(), person(1), NEW)).text, /سلام/);
});

test('guesses at the current password are counted like those at sign-in', async () => {
  const browser = s.browser();
  await signIn(browser, person(2));
  await browser.open('/account/password');
  for (let tries = 0; tries < 10; tries += 1) await browser.submit({ currentPassword: `wrong-${tries}`, newPassword: NEW });
  assert.match((await browser.submit({ currentPassword: PASSWORD, newPassword: NEW })).text, /ممکن نیست/);
});

test('a person who signs out here is signed out', async () => {
  const browser = s.browser();
  await signIn(browser, person(0));
  const kept = browser.cookie('session') ?? '';
  const page = await browser.submit({}, `${s.origin}/account/sign-out`);
  assert.match(page.text, /از سامانه خارج شدید/);
  const thief = s.browser();
  thief.plant('session', kept);
  assert.equal(stepOf(await thief.open('/')), 'sign-in');
});

test('an e-service signs its person out of everything, after one question', async () => {
  const rp = await relyingParty(s);
  const browser = s.browser();
  const request = await rp.request();
  const end = await signIn(browser, person(0), PASSWORD, request.url);
  const tokens = await rp.exchange(end.url, request);
  const url = new URL('/session/end', s.origin);
  url.search = new URLSearchParams({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: `${RELYING_PARTY}/`, state: 'bye' }).toString();
  const page = await browser.open(url.href);
  assert.match(page.text, /خروج از سامانه/);
  assert.match(page.text, /خدمات غیرحضوری/);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const gone = await browser.submit({ xsrf, logout: 'yes' }, `${s.origin}/session/end/confirm`);
  assert.equal(gone.url, `${RELYING_PARTY}/?state=bye`);
  assert.equal(stepOf(await browser.open(`${s.origin}/`)), 'sign-in');
});

test('a sign-out that names an address nobody registered is refused', async () => {
  const page = await s.browser().open(`/session/end?client_id=eservices&post_logout_redirect_uri=${encodeURIComponent('https://evil.example/')}`);
  assert.equal(page.status, 400);
  assert.match(page.text, /کد پیگیری/);
});
