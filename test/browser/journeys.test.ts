/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { launchChromium } from '../support/chromium.ts';
import { birthFields, codeFor, PASSWORD, people } from '../support/journey.ts';
import { type Started, start } from '../support/start.ts';
import { judge, nameOf, openVariant, VARIANTS, type Variant } from '../support/variants.ts';

let s: Started;
let browser: Browser;
before(async () => {
  [s, browser] = await Promise.all([start(), launchChromium()]);
});
after(async () => {
  await browser.close();
  await s.close();
});

const next = (page: Page) => page.locator('.actions .button').first().click();

async function signUp(page: Page, variant: Variant, person: SyntheticPerson): Promise<void> {
  const see = (state: string) => judge(page, variant, `${nameOf(variant)}: ${state}`);
  await page.goto(`${s.origin}/sign-up`);
  await see('sign-up');
  await page.locator('button[value=national]').click();
  await see('sign-up-identifier');
  await page.fill('#nationalCode', '0084575949');
  await next(page);
  await see('sign-up-identifier with errors');
  assert.equal(await page.inputValue('#nationalCode'), '0084575949');
  if (variant.script) assert.equal(await page.evaluate(() => document.activeElement?.id), 'nationalCode', 'the first error has the focus');
  await page.fill('#nationalCode', person.code);
  await page.fill('#mobile', person.mobile);
  await next(page);
  await page.waitForSelector('#code');
  await see('sign-up-code');
  await page.fill('#code', '000000');
  await next(page);
  await see('sign-up-code with errors');
  await page.fill('#code', await codeFor(s, person.mobile));
  await next(page);
  await page.waitForSelector('#firstName');
  await see('sign-up-identity');
  await next(page);
  await see('sign-up-identity with errors');
  await page.fill('#firstName', person.firstName);
  await page.fill('#lastName', person.lastName);
  await page.fill('#fatherName', person.fatherName);
  const { birthDay, birthMonth, birthYear } = birthFields(person.birthDate);
  await page.fill('#birthDay', birthDay);
  await page.selectOption('#birthMonth', birthMonth);
  await page.fill('#birthYear', birthYear);
  if (variant.script) {
    await page.check('#certificateSame');
    assert.equal(await page.inputValue('#certificateNumber'), person.code, 'the checkbox fills the field');
    await page.uncheck('#certificateSame');
  }
  await page.fill('#certificateNumber', person.certificateNumber);
  await next(page);
  await page.waitForSelector('#email');
  await see('sign-up-email');
  await page.fill('#email', 'somebody@example.test');
  await next(page);
  await page.waitForSelector('#password');
  await see('sign-up-password');
  if (variant.script) {
    await page.locator('#password').pressSequentially('زرافه');
    assert.notEqual(await page.textContent('#password-keyboard'), '', 'the Persian layout is noticed');
    await page.fill('#password', 'zarafe-abi-kuh');
    assert.equal(await page.locator('[data-rule=length].met').count(), 1, 'a rule ticks itself off');
    await page.locator('.show').click();
    assert.equal(await page.getAttribute('#password', 'type'), 'text');
    await see('sign-up-password shown');
  }
  await page.fill('#password', 'password1234');
  await next(page);
  await page.waitForSelector('.error');
  await see('sign-up-password with errors');
  await page.fill('#password', PASSWORD);
  await next(page);
  await page.waitForSelector('.block');
  await see('sign-up-review');
  await next(page);
  await page.waitForSelector('.window.good');
  await see('sign-up-done');
  await next(page);
  await page.waitForURL(`${s.origin}/`);
  await see('home');
}

for (const [index, variant] of VARIANTS.entries()) {
  test(`sign-up, portal, sign-out, sign-in and recovery as a person sees them: ${nameOf(variant)}`, async () => {
    const person = people(s)[index] as SyntheticPerson;
    const { context, page, complaints } = await openVariant(browser, s.origin, variant);
    page.setDefaultTimeout(15_000);
    const see = (state: string) => judge(page, variant, `${nameOf(variant)}: ${state}`);
    await signUp(page, variant, person);
    await s.pass(61);
    await page.goto(`${s.origin}/account/password`);
    await see('change of password');
    await next(page);
    await see('change of password with errors');
    await page.goto(`${s.origin}/`);
    await next(page);
    await page.waitForURL(`${s.origin}/signed-out`);
    await see('signed out');
    await page.goto(`${s.origin}/sign-in`);
    await see('sign-in');
    await page.fill('#identifier', person.code);
    await page.fill('#password', 'not-the-password');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.summary');
    await see('sign-in with errors');
    assert.equal(await page.inputValue('#identifier'), person.code);
    await page.locator('.aside-links a').first().click();
    await page.waitForSelector('aside');
    await see('recover');
    assert.equal(await page.inputValue('#identifier'), person.code, 'the code goes along');
    await next(page);
    await page.waitForSelector('#code');
    await see('recover-code');
    await page.fill('#code', await codeFor(s, person.mobile, 8));
    await next(page);
    await page.waitForSelector('#password');
    await see('recover-password');
    await page.fill('#password', `daryache-sabz-${variant.width}`);
    await next(page);
    await page.waitForSelector('.window.good');
    await see('sign-in after recovery');
    await page.fill('#password', `daryache-sabz-${variant.width}`);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${s.origin}/`);
    await page.goto(`${s.origin}/nowhere`);
    await see('error page');
    await page.goto(`${s.origin}/session/end`);
    await see('sign-out question');
    assert.deepEqual(
      complaints.filter((text) => !text.includes('404')),
      [],
    );
    await context.close();
  });
}

test('message windows, waiting and the unfinished sign-up, as a person sees them', async () => {
  const variant: Variant = { language: 'fa', width: 360, scheme: 'light', script: true };
  const { context, page } = await openVariant(browser, s.origin, variant);
  page.setDefaultTimeout(15_000);
  const prove = async (person: SyntheticPerson) => {
    await context.clearCookies({ name: 'draft' });
    await page.goto(`${s.origin}/sign-up`);
    await page.locator('button[value=national]').click();
    await page.fill('#nationalCode', person.code);
    await page.fill('#mobile', person.mobile);
    await next(page);
    await page.fill('#code', await codeFor(s, person.mobile));
    await next(page);
  };
  const [stranger] = people(s, 'not-owner');
  await prove(stranger as SyntheticPerson);
  await page.waitForSelector('[role=alertdialog]');
  await judge(page, variant, 'sign-up-notice not-owner');
  const person = people(s)[20] as SyntheticPerson;
  s.simulators.world.state.ownership = 'down';
  await prove(person);
  await page.locator('button[value=notify]').waitFor();
  await judge(page, variant, 'sign-up-waiting');
  await page.locator('button[value=notify]').click();
  await page.waitForSelector('.window.good');
  await judge(page, variant, 'sign-up-waiting, asked');
  s.simulators.world.state.ownership = 'normal';
  await page.goto(`${s.origin}/sign-up`);
  await page.waitForSelector('button[value=resume]');
  await judge(page, variant, 'sign-up with a draft');
  await context.close();
});

test('a first page weighs less than 60 kB with its font, a later one less than 10 kB', async (t) => {
  const { context, page } = await openVariant(browser, s.origin, VARIANTS[0] as Variant);
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.goto(`${s.origin}/sign-in`, { waitUntil: 'networkidle' });
  const first = bytes;
  bytes = 0;
  await page.goto(`${s.origin}/sign-up`, { waitUntil: 'networkidle' });
  assert.ok(first < 60_000, `first page: ${first} bytes`);
  assert.ok(first > 30_000, `the font was not loaded: ${first} bytes`);
  assert.ok(bytes < 10_000, `later page: ${bytes} bytes`);
  t.diagnostic(`page weights: first ${first} bytes, later ${bytes} bytes`);
  await context.close();
});

test('at 200 % zoom nothing is cut off', async () => {
  const { context, page } = await openVariant(browser, s.origin, { language: 'fa', width: 640, scheme: 'light', script: true });
  await page.goto(`${s.origin}/sign-in`);
  await page.evaluate(() => {
    document.documentElement.style.fontSize = '200%';
  });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)) <= 0);
  await context.close();
});
