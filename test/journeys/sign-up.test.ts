import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { codeFor, identityFields, PASSWORD, people, proveMobile, relyingParty, signIn, signUp, stepOf } from '../support/journey.ts';
import { RELYING_PARTY, type Started, start } from '../support/start.ts';

let s: Started;
before(async () => {
  s = await start();
});
after(() => s.close());

test('a citizen signs up from an e-service and comes back to it, signed in', async () => {
  const [person] = people(s);
  assert.ok(person);
  const rp = await relyingParty(s);
  const request = await rp.request({ prompt: 'create', scope: 'openid profile email phone national_id' });
  const end = await signUp(s, s.browser(), person, request.url);
  assert.ok(end.url.startsWith(`${RELYING_PARTY}/callback?code=`));
  const claims = (await rp.exchange(end.url, request)).claims();
  assert.deepEqual(claims?.['amr'], ['pwd', 'sms', 'otp', 'mfa']);
  assert.equal(claims?.['acr'], 'urn:profile:2');
  await s.app.deliver();
  assert.ok(
    s.simulators.world.inbox.some(({ to, text }) => to === person.mobile && text.includes('ایجاد شد')),
    'an SMS says that the account exists',
  );
});

test('a foreign national signs up with a FIDA code and a document', async () => {
  const [person] = people(s, 'foreign');
  assert.ok(person);
  const end = await signUp(s, s.browser(), person);
  assert.match(end.text, new RegExp(`سلام، ${person.firstName}`));
});

test('a foreign national may type the names of the passport and a Gregorian date', async () => {
  const person = people(s, 'foreign')[2];
  assert.ok(person?.firstNameLatin && person.lastNameLatin);
  const { isoOfJalali } = await import('#src/identity/birth-date.ts');
  const [year = '', month = '', day = ''] = (isoOfJalali(person.birthDate) ?? '').split('-');
  const browser = s.browser();
  await browser.open('/sign-up');
  await proveMobile(s, browser, person);
  const page = await browser.submit({
    firstName: person.firstNameLatin,
    lastName: person.lastNameLatin.toLowerCase(),
    fatherName: person.fatherName,
    birthDay: day,
    birthMonth: month,
    birthYear: year,
  });
  assert.equal(stepOf(page), 'sign-up-email');
});

test('bad input gets a message beside its field, all at once, and nothing typed is lost', async () => {
  const browser = s.browser();
  await browser.open('/sign-up');
  await browser.submit({ action: 'national' });
  const page = await browser.submit({ nationalCode: '0084575949', mobile: '021' });
  assert.equal(page.status, 422);
  assert.match(page.text, /کد ملی وارد شده صحیح نیست/);
  assert.match(page.text, /شماره تلفن همراه باید ۱۱ رقم/);
  assert.match(page.text, /value="0084575949"/);
  assert.match(page.text, /value="021"/);
  assert.match(page.text, /<a href="#nationalCode">/);
});

test('digits of all three scripts are accepted', async () => {
  const person = people(s)[5];
  assert.ok(person);
  const { toPersianDigits } = await import('#src/identity/digits.ts');
  const browser = s.browser();
  await browser.open('/sign-up');
  await browser.submit({ action: 'national' });
  await browser.submit({ nationalCode: toPersianDigits(person.code), mobile: toPersianDigits(person.mobile) });
  const page = await browser.submit({ code: toPersianDigits(await codeFor(s, person.mobile)) });
  assert.equal(stepOf(page), 'sign-up-identity');
});

test('a mobile of somebody else is told only after the code, and can be corrected without starting again', async () => {
  const [person] = people(s, 'not-owner');
  assert.ok(person?.ownMobile);
  const browser = s.browser();
  await browser.open('/sign-up');
  await browser.submit({ action: 'national' });
  const afterNumber = await browser.submit({ nationalCode: person.code, mobile: person.mobile });
  assert.equal(stepOf(afterNumber), 'sign-up-code');
  const notice = await browser.submit({ code: await codeFor(s, person.mobile) });
  assert.equal(stepOf(notice), 'sign-up-notice');
  assert.match(notice.text, /متعلق به شما نمی‌باشد/);
  const again = await browser.submit({ action: 'previous' });
  assert.match(again.text, new RegExp(`value="${person.code}"`));
  await browser.submit({ nationalCode: person.code, mobile: person.ownMobile });
  const page = await browser.submit({ code: await codeFor(s, person.ownMobile) });
  assert.equal(stepOf(page), 'sign-up-identity');
});

test('whoever has an account is told so after the code, and goes on to sign-in with the code filled in', async () => {
  const person = people(s)[6];
  assert.ok(person);
  await signUp(s, s.browser(), person);
  await s.pass(61);
  const browser = s.browser();
  await browser.open('/sign-up');
  const notice = await proveMobile(s, browser, person);
  assert.match(notice.text, /حساب کاربری وجود دارد/);
  const page = await browser.follow('ورود به سامانه');
  assert.equal(stepOf(page), 'sign-in');
  assert.match(page.text, new RegExp(`value="${person.code}"`));
});

test('zero as certificate number gets the guide’s instruction; the national code is right where the registry holds 0', async () => {
  const [person] = people(s, 'certificate-zero');
  assert.ok(person);
  const browser = s.browser();
  await browser.open('/sign-up');
  await proveMobile(s, browser, person);
  const zero = await browser.submit({ ...identityFields(person), certificateNumber: '۰' });
  assert.equal(zero.status, 422);
  assert.match(zero.text, /عدد صفر وارد ننمایید/);
  const page = await browser.submit({ ...identityFields(person), certificateNumber: '', certificateSame: 'yes' });
  assert.equal(stepOf(page), 'sign-up-email');
});

test('a mismatch says that the data does not match, not which field, and tries are counted', async () => {
  const person = people(s)[8];
  assert.ok(person);
  const browser = s.browser();
  await browser.open('/sign-up');
  await proveMobile(s, browser, person);
  for (const wrong of [
    { firstName: 'نامی‌دیگر' },
    { fatherName: 'پدری‌دیگر' },
    { certificateNumber: '99999' },
    { birthYear: '1399', birthMonth: '1' },
    { lastName: 'دیگر' },
  ]) {
    const page = await browser.submit({ ...identityFields(person), ...(wrong.birthYear ? { birthYear: '1366' } : wrong) });
    assert.equal(page.status, 422);
    assert.match(page.text, /مطابقت ندارد/);
    assert.doesNotMatch(page.text, /class="error"/);
  }
  const refused = await browser.submit(identityFields(person));
  assert.match(refused.text, /تعداد تلاش‌ها بیش از حد مجاز است/);
});

for (const [story, text] of [
  ['deceased', 'درگذشته است'],
  ['needs-office', 'مراجعه به اداره ثبت احوال لازم است'],
] as const) {
  test(`the story "${story}" has its own message window`, async () => {
    const [person] = people(s, story);
    assert.ok(person);
    const browser = s.browser();
    await browser.open('/sign-up');
    await proveMobile(s, browser, person);
    const page = await browser.submit(identityFields(person));
    assert.equal(stepOf(page), 'sign-up-notice');
    assert.ok(page.text.includes(text));
    assert.match(page.text, /role="alertdialog"/);
  });
}

test('a registry that is down is never a mismatch; the draft waits, an SMS tells when it is back', async () => {
  const person = people(s)[10];
  assert.ok(person);
  const browser = s.browser();
  await browser.open('/sign-up');
  await proveMobile(s, browser, person);
  s.simulators.world.state.registry = 'night';
  const waiting = await browser.submit(identityFields(person));
  assert.equal(stepOf(waiting), 'sign-up-waiting');
  assert.match(waiting.text, /موقتاً در دسترس نیست/);
  assert.doesNotMatch(waiting.text, /مطابقت ندارد/);
  const asked = await browser.submit({ action: 'notify' });
  assert.match(asked.text, /پیامک می‌شود/);
  assert.equal(await s.app.watchRegistry(), 0);
  s.simulators.world.state.registry = 'normal';
  await s.pass(31);
  assert.equal(await s.app.watchRegistry(), 1);
  await s.app.deliver();
  assert.ok(s.simulators.world.inbox.some(({ to, text }) => to === person.mobile && text.includes('سامانه استعلام در دسترس است')));
  const page = await browser.submit({ action: 'retry' });
  assert.equal(stepOf(page), 'sign-up-email');
});

test('a draft survives a closed tab on the same browser', async () => {
  const person = people(s)[12];
  assert.ok(person);
  const browser = s.browser();
  await browser.open('/sign-up');
  await proveMobile(s, browser, person);
  browser.forget('interaction');
  const first = await browser.open('/sign-up');
  assert.match(first.text, /نیمه‌تمام/);
  const page = await browser.submit({ action: 'resume' });
  assert.equal(stepOf(page), 'sign-up-identity');
  const stranger = await s.browser().open('/sign-up');
  assert.doesNotMatch(stranger.text, /نیمه‌تمام/);
});

test('«مرحله قبل» works on every step and keeps what was typed; an edit returns to the review', async () => {
  const person = people(s)[14];
  assert.ok(person);
  const browser = s.browser();
  await browser.open('/sign-up');
  await proveMobile(s, browser, person);
  await browser.submit(identityFields(person));
  await browser.submit({ email: 'somebody@example.test' });
  await browser.submit({ password: PASSWORD });
  assert.equal(stepOf(browser.page), 'sign-up-review');
  assert.equal(stepOf(await browser.submit({ action: 'previous' })), 'sign-up-password');
  const email = await browser.submit({ action: 'previous' });
  assert.match(email.text, /value="somebody@example.test"/);
  const identity = await browser.submit({ action: 'previous' });
  assert.match(identity.text, new RegExp(`value="${person.firstName}"`));
  const number = await browser.submit({ action: 'previous' });
  assert.match(number.text, new RegExp(`value="${person.code}"`));
  await browser.submit({ nationalCode: person.code, mobile: person.mobile });
  assert.equal(stepOf(browser.page), 'sign-up-identity');
  await browser.submit(identityFields(person));
  await browser.submit({ email: 'other@example.test' });
  await browser.submit({ password: PASSWORD });
  await browser.submit({ edit: 'email' });
  assert.equal(stepOf(browser.page), 'sign-up-email');
  const review = await browser.submit({ email: 'third@example.test' });
  assert.equal(stepOf(review), 'sign-up-review');
  assert.match(review.text, /third@example\.test/);
  assert.match(review.text, /0912 •••/);
});

test('two people who press the button in the same moment make one account', async () => {
  const person = people(s)[16];
  assert.ok(person);
  const [one, two] = [s.browser(), s.browser()];
  for (const browser of [one, two]) {
    await browser.open('/sign-up');
    await proveMobile(s, browser, person);
    await browser.submit(identityFields(person));
    await browser.submit({ email: 'somebody@example.test' });
    await browser.submit({ password: PASSWORD });
    await s.pass(61);
  }
  const pages = await Promise.all([one.submit({}), two.submit({})]);
  assert.deepEqual(pages.map(stepOf).sort(), ['sign-up-done', 'sign-up-notice']);
});

test('the button pressed twice in one tab makes one account and one message', async () => {
  const person = people(s)[18];
  assert.ok(person);
  const browser = s.browser();
  await browser.open('/sign-up');
  await proveMobile(s, browser, person);
  await browser.submit(identityFields(person));
  await browser.submit({ email: 'somebody@example.test' });
  const review = await browser.submit({ password: PASSWORD });
  const pages = await Promise.all([browser.submit({}, review.url), browser.submit({}, review.url)]);
  assert.deepEqual(new Set(pages.map(stepOf)), new Set(['sign-up-done']));
  await s.app.deliver();
  await s.app.deliver();
  assert.equal(s.simulators.world.inbox.filter(({ to, text }) => to === person.mobile && text.includes('ایجاد شد')).length, 1);
});

test('the message that the account exists is sent even when the gateway was down', async () => {
  const person = people(s)[20];
  assert.ok(person);
  const browser = s.browser();
  await browser.open('/sign-up');
  await proveMobile(s, browser, person);
  await browser.submit(identityFields(person));
  await browser.submit({ email: 'somebody@example.test' });
  await browser.submit({ password: PASSWORD });
  s.simulators.world.state.sms = 'down';
  assert.equal(stepOf(await browser.submit({})), 'sign-up-done');
  await s.app.deliver();
  s.simulators.world.state.sms = 'normal';
  await s.pass(120);
  await s.app.deliver();
  assert.ok(s.simulators.world.inbox.some(({ to, text }) => to === person.mobile && text.includes('ایجاد شد')));
});

test('a step that is not due leads to the one that is, and a post to it changes nothing', async () => {
  const browser = s.browser();
  const first = await browser.open('/sign-up');
  const deep = await browser.open(first.url.replace('sign-up', 'sign-up-review'));
  assert.equal(stepOf(deep), 'sign-up');
  const posted = await browser.submit({ password: PASSWORD }, first.url.replace(/sign-up$/, 'sign-up-password'));
  assert.equal(stepOf(posted), 'sign-up');
});

test('the new account signs in, with the code typed in Persian digits', async () => {
  const person = people(s)[22];
  assert.ok(person);
  await signUp(s, s.browser(), person);
  const page = await signIn(s.browser(), { ...person, code: person.code.replace(/\d/g, (digit) => '۰۱۲۳۴۵۶۷۸۹'[Number(digit)] ?? digit) });
  assert.match(page.text, new RegExp(`سلام، ${person.firstName}`));
});
