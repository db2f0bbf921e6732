/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { type Started, start } from '../support/start.ts';

let s: Started;
let browser: Browser;
before(async () => {
  [s, browser] = await Promise.all([start({ SANDBOX: 'yes', DATABASE_URL: '', REDIS_URL: '' }), launchChromium()]);
});
after(async () => {
  await browser.close();
  await s.close();
});

for (const language of ['fa', 'en'] as const) {
  for (const scheme of ['light', 'dark'] as const) {
    for (const script of [true, false]) {
      test(`the bar of a sandbox is seen: ${language}, ${scheme}${script ? '' : ', without a script'}`, async () => {
        const context = await browser.newContext({ viewport: { width: 360, height: 740 }, colorScheme: scheme, javaScriptEnabled: script });
        const page = await context.newPage();
        for (const path of ['/sign-in', '/signed-out', '/nowhere']) {
          await page.goto(`${s.origin}${path}`);
          await page.goto(`${page.url()}?lang=${language}`);
          const bar = page.locator('.sandbox');
          assert.ok(await bar.isVisible(), path);
          assert.ok((await bar.textContent())?.includes(language === 'fa' ? 'محیط آزمایشی' : 'Sandbox'), path);
          if (!script) continue;
          const { violations } = await new AxeBuilder({ page }).analyze();
          assert.deepEqual(
            violations.map(({ id }) => id),
            [],
            path,
          );
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.ok(overflow <= 0, path);
        }
        await context.close();
      });
    }
  }
}
