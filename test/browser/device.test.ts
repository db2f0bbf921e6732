import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import type { Browser, Page } from 'playwright-core';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { launchChromium } from '../support/chromium.ts';
import { type Registered, register } from '../support/clients.ts';
import { PASSWORD, people, signUp } from '../support/journey.ts';
import { type Started, start } from '../support/start.ts';
import { judge, nameOf, openVariant, VARIANTS } from '../support/variants.ts';

let s: Started;
let browser: Browser;
let person: SyntheticPerson;
let tv: Registered;
before(async () => {
  [s, browser] = await Promise.all([start(), launchChromium()]);
  person = people(s)[0] as SyntheticPerson;
  await signUp(s, s.browser(), person);
  tv = await register(s, { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'], redirect_uris: [] });
});
after(async () => {
  await browser.close();
  await s.close();
});

const next = (page: Page) => page.locator('.actions .button').first().click();

for (const variant of VARIANTS) {
  test(`a person signs a device in: ${nameOf(variant)}`, async () => {
    const { context, page, complaints } = await openVariant(browser, s.origin, variant);
    const see = (state: string) => judge(page, variant, `${nameOf(variant)}: ${state}`);
    const device = await oidc.initiateDeviceAuthorization(tv.configuration, { scope: 'openid profile' });
    await page.goto(`${s.origin}/device`);
    await see('device');
    await next(page);
    await page.waitForSelector('#user_code-error');
    await see('device without a code');
    await page.fill('#user_code', 'BBBB-BBBB');
    await next(page);
    await page.waitForSelector('#user_code-error');
    await see('device with a wrong code');
    await page.fill('#user_code', device.user_code.toLowerCase());
    await next(page);
    await page.waitForSelector('dl');
    await see('device-confirm');
    await next(page);
    await page.fill('#identifier', person.code);
    await page.fill('#password', PASSWORD);
    await next(page);
    await page.waitForURL(/\/device\//);
    await see('device-done');
    const tokens = await oidc.genericGrantRequest(tv.configuration, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: device.device_code });
    assert.ok(tokens.access_token);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
