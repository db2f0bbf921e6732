/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { type SandboxSimulators, startSandboxSimulators } from '../support/sandbox-simulators.ts';
import { judge, nameOf, openVariant, VARIANTS } from '../support/variants.ts';

let s: SandboxSimulators;
let browser: Browser;
before(async () => {
  [s, browser] = await Promise.all([startSandboxSimulators(), launchChromium()]);
});
after(async () => {
  await browser.close();
  await s.close();
});

for (const variant of VARIANTS) {
  test(`the simulators’ pages: ${nameOf(variant)}`, async () => {
    const { context, page, complaints } = await openVariant(browser, s.url, variant);
    const see = async (state: string): Promise<void> => {
      await judge(page, variant, `${nameOf(variant)}: ${state}`);
      const low = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('a:not(.skip), button, input:not([type=hidden]), select')]
          .filter((node) => node.getBoundingClientRect().height < 44)
          .map((node) => node.outerHTML.slice(0, 90)),
      );
      assert.deepEqual(low, [], `${nameOf(variant)}: ${state}: targets`);
    };
    await page.goto(`${s.url}/?lang=${variant.language}`);
    await see('start');
    for (const path of ['/people', '/people?story=not-owner', '/sms', '/registry', '/clock', '/failures', '/nowhere']) {
      await page.goto(`${s.url}${path}`);
      await see(path);
    }
    await s.sms('09121000137', 'کد صحت‌سنجی شما: 482915\nتأمین اجتماعی\n@localhost #482915');
    await page.goto(`${s.url}/sms`);
    await see('an SMS');
    await page.goto(`${s.url}/registry`);
    await page.locator('form button').click();
    await page.waitForSelector('.notice');
    await see('registry, saved');
    await page.goto(`${s.url}/clock`);
    await page.fill('#advance', 'abc');
    await page.press('#advance', 'Enter');
    await page.waitForSelector('#advance-error');
    assert.equal(await page.inputValue('#advance'), 'abc');
    await see('clock, refused');
    await page.fill('#advance', '۶۰');
    await page.press('#advance', 'Enter');
    await page.waitForSelector('.notice');
    await see('clock, moved');
    await page.goto(`${s.url}/failures`);
    await page.selectOption('#failure', 'token invalid_grant');
    await page.fill('#count', '0');
    await page.press('#count', 'Enter');
    await page.waitForSelector('#count-error');
    assert.equal(await page.inputValue('#failure'), 'token invalid_grant');
    await see('failures, refused');
    await page.fill('#count', '2');
    await page.press('#count', 'Enter');
    await page.waitForSelector('table');
    await see('failures, ordered');
    await page.locator('button[name=clear]').click();
    await page.waitForSelector('.empty');
    await see('failures, cleared');
    assert.deepEqual(
      complaints.filter((text) => !text.includes('404')),
      [],
    );
    await context.close();
  });
}

test('a press copies a value, and says so', async () => {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await page.goto(`${s.url}/?lang=en`);
  const value = await page.locator('.copy bdi').first().textContent();
  assert.match(value ?? '', /^\d{10}$/);
  await page.locator('.copy').first().click();
  await page.waitForFunction(() => document.getElementById('said')?.textContent === 'Copied');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), value);
  await context.close();
});

test('an open inbox shows a new SMS by itself, its code big and first', async () => {
  const page = await browser.newPage();
  await page.goto(`${s.url}/sms?to=09121000274&lang=en`);
  await page.waitForSelector('.empty');
  await s.sms('09121000137', 'Your verification code: 111111');
  await s.sms('09121000274', 'Your verification code: 222222');
  await page.waitForSelector('.big');
  await s.sms('09121000274', 'Your verification code: 333333');
  await page.waitForFunction(() => document.querySelector('.big bdi')?.textContent === '333333');
  assert.deepEqual(await page.locator('.big bdi').allTextContents(), ['333333', '222222']);
  const [big, text] = await Promise.all(
    ['.big bdi', '.sms .text'].map((selector) =>
      page
        .locator(selector)
        .first()
        .evaluate((node) => Number.parseFloat(getComputedStyle(node).fontSize)),
    ),
  );
  assert.ok((big ?? 0) >= 1.5 * (text ?? 0));
  await page.close();
});

test('a table that is wider than a telephone scrolls in its own box', async () => {
  const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
  for (const language of ['fa', 'en']) {
    await page.goto(`${s.url}/people?story=not-owner&lang=${language}`);
    const [box, whole] = await page.evaluate(() =>
      [document.querySelector('.wide'), document.documentElement].map((node) => (node?.scrollWidth ?? 0) - (node?.clientWidth ?? 0)),
    );
    assert.ok((box ?? 0) > 0, language);
    assert.equal(whole, 0, language);
  }
  await page.close();
});
