import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { codeFor, PASSWORD, people, relyingParty, signIn, signUp, stepOf } from '../support/journey.ts';
import { RELYING_PARTY, type Started, start } from '../support/start.ts';

let s: Started;
let known: readonly SyntheticPerson[];
before(async () => {
  s = await start();
  known = people(s).slice(0, 4);
  for (const person of known) await signUp(s, s.browser(), person);
  await s.pass(61);
});
after(() => s.close());
const person = (index: number): SyntheticPerson => known[index] as SyntheticPerson;
const NEW = 'daryache-sabz-boland';

test('a citizen who forgot the password sets a new one and goes on to the e-service; everything older ends', async () => {
  const rp = await relyingParty(s);
  const old = s.browser();
  const first = await rp.request({ scope: 'openid offline_access', prompt: 'consent' });
  await signIn(old, person(0), PASSWORD, first.url);
  const callback = await old.submit({ action: 'allow' });
  const tokens = await rp.exchange(callback.url, first);
  assert.ok(tokens.refresh_token);

  const browser = s.browser();
  const request = await rp.request();
  await browser.open(request.url);
  const start = await browser.follow('گذرواژه را فراموش کرده ام');
  assert.equal(stepOf(start), 'recover');
  assert.equal(stepOf(await browser.submit({ identifier: person(0).code, method: 'sms' })), 'recover-code');
  const code = await codeFor(s, person(0).mobile, 8);
  assert.match((await browser.submit({ code: '00000001' })).text, /۴ بار دیگر/);
  assert.equal(stepOf(await browser.submit({ code })), 'recover-password');
  assert.match((await browser.submit({ password: `${person(0).code}-zarafe` })).text, /کد ملی، شماره همراه یا نام شما/);
  assert.match((await browser.submit({ password: PASSWORD })).text, /یکسان باشد/);
  const page = await browser.submit({ password: NEW });
  assert.equal(stepOf(page), 'sign-in', 'no automatic sign-in');
  assert.match(page.text, /گذرواژه جدید ثبت شد/);
  const end = await browser.submit({ identifier: person(0).code, password: NEW });
  assert.ok(end.url.startsWith(`${RELYING_PARTY}/callback?code=`));
  await rp.exchange(end.url, request);

  assert.equal(stepOf(await old.open(`${s.origin}/`)), 'sign-in', 'the earlier session is over');
  await assert.rejects(oidc.refreshTokenGrant(rp.configuration, tokens.refresh_token), { error: 'invalid_grant' });
  await assert.rejects(oidc.fetchUserInfo(rp.configuration, tokens.access_token, oidc.skipSubjectCheck));
  await s.app.deliver();
  assert.ok(s.simulators.world.inbox.some(({ to, text }) => to === person(0).mobile && text.includes('گذرواژه شما تغییر کرد')));
  assert.equal((await signIn(s.browser(), person(0))).status, 422, 'the old password is worth nothing');
});

test('the answer is the same whether or not the account exists, and a stranger gets no SMS', async () => {
  const stranger = people(s)[30];
  assert.ok(stranger);
  const pages = [];
  for (const who of [person(1), stranger]) {
    const browser = s.browser();
    await browser.open('/recover');
    const page = await browser.submit({ identifier: who.code, method: 'sms' });
    const wrong = await browser.submit({ code: '12345678' });
    pages.push(
      [page, wrong].map(({ status, text, headers }) => ({ status, text: text.replace(/interaction\/[\w-]+/g, '…'), headers: [...headers.keys()].sort() })),
    );
  }
  assert.deepEqual(pages[0], pages[1]);
  await s.app.drained();
  assert.ok(!s.simulators.world.inbox.some(({ to }) => to === stranger.mobile));
  assert.ok(s.simulators.world.inbox.some(({ to }) => to === person(1).mobile));
  assert.doesNotMatch(JSON.stringify(pages), /•••/, 'no digit of the number is shown');
});

test('the page that sets a password is never reached without the code', async () => {
  const browser = s.browser();
  await browser.open('/recover');
  await browser.submit({ identifier: person(2).code, method: 'sms' });
  const url = browser.page.url.replace('recover-code', 'recover-password');
  assert.equal(stepOf(await browser.submit({ password: NEW }, url)), 'recover-code');
  assert.match((await signIn(s.browser(), person(2))).text, /سلام/);
});

test('the same code is sent again, and only so often', async () => {
  const browser = s.browser();
  await browser.open('/recover');
  await browser.submit({ identifier: person(3).code, method: 'sms' });
  const first = await codeFor(s, person(3).mobile, 8);
  const early = await browser.submit({ action: 'resend' });
  assert.equal(early.status, 200, 'a standing code is not an error');
  await s.pass(61);
  await browser.submit({ action: 'resend' });
  assert.equal(await codeFor(s, person(3).mobile, 8), first);
  assert.equal(s.simulators.world.inbox.filter(({ to, text }) => to === person(3).mobile && text.includes('#')).length, 3, 'one of sign-up, two of recovery');
});

test('recoveries of one person are limited, known or not, and the page says how long', async () => {
  const stranger = people(s)[33];
  assert.ok(stranger);
  for (let tries = 0; tries < 3; tries += 1) {
    await s.pass(61);
    const browser = s.browser();
    await browser.open('/recover');
    assert.equal(stepOf(await browser.submit({ identifier: stranger.code })), 'recover-code');
  }
  await s.pass(61);
  const browser = s.browser();
  await browser.open('/recover');
  const page = await browser.submit({ identifier: stranger.code });
  assert.equal(page.status, 422);
  assert.match(page.text, /بیش از حد مجاز/);
});
