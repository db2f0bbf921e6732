/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';

export type Variant = { readonly language: 'fa' | 'en'; readonly width: number; readonly scheme: 'light' | 'dark'; readonly script: boolean };
export const VARIANTS: readonly Variant[] = [
  { language: 'fa', width: 360, scheme: 'light', script: true },
  { language: 'fa', width: 1280, scheme: 'dark', script: true },
  { language: 'en', width: 360, scheme: 'dark', script: true },
  { language: 'en', width: 1280, scheme: 'light', script: true },
  { language: 'fa', width: 320, scheme: 'light', script: false },
  { language: 'en', width: 1280, scheme: 'light', script: false },
];
export const nameOf = ({ language, width, scheme, script }: Variant): string => `${language}, ${width} px, ${scheme}${script ? '' : ', without a script'}`;

/** A page of its own in this variant; `complaints` gathers what the browser says against it. */
export async function openVariant(browser: Browser, origin: string, variant: Variant): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width: variant.width, height: 740 },
    colorScheme: variant.scheme,
    javaScriptEnabled: variant.script,
    locale: 'en-US',
  });
  await context.addCookies([{ name: 'lang', value: variant.language, url: origin }]);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A form with errors is a 422 by design; the browser remarks on it.
    if (message.type() === 'error' && !message.text().includes('422')) complaints.push(message.text());
  });
  return { context, page, complaints };
}

/** What must hold of every page in every state. */
export async function judge(page: Page, variant: Variant, state: string): Promise<void> {
  assert.equal(await page.locator('html').getAttribute('lang'), variant.language, state);
  assert.equal(await page.locator('html').getAttribute('dir'), variant.language === 'fa' ? 'rtl' : 'ltr', state);
  if (!variant.script) {
    assert.equal(await page.locator('h1').count(), 1, `${state}: one heading`);
    return;
  }
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
    [],
    state,
  );
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `${state}: ${overflow} px wider than the screen`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button:not(.visually-hidden), .button, input:not([type=hidden], [type=checkbox], [type=radio]), select')]
      .filter((node) => node.offsetParent && node.getBoundingClientRect().height < 40)
      .map((node) => node.outerHTML.slice(0, 90)),
  );
  assert.deepEqual(small, [], `${state}: targets`);
}
