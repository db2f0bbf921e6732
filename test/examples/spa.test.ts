import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { exampleClients, makeExampleKeys } from '#src/embedded-examples.ts';
import { PENSIONS, type RunningApi, startApi } from '../../examples/api/app.ts';
import { startSpa } from '../../examples/spa/app.ts';
import { launchChromium } from '../support/chromium.ts';
import { seedExamples } from '../support/examples.ts';
import { PASSWORD } from '../support/journey.ts';
import { signedUp } from '../support/signed-up.ts';
import { type Started, start } from '../support/start.ts';

let s: Started;
let api: RunningApi;
let spa: Awaited<ReturnType<typeof startSpa>>;
let chromium: Browser;
let person: SyntheticPerson;
before(async () => {
  [s, chromium] = await Promise.all([start(), launchChromium()]);
  const origins: string[] = [];
  api = await startApi({ port: 0, issuer: s.origin, audience: 'https://pensions.example/api', origins, calls: PENSIONS });
  spa = await startSpa({ port: 0, issuer: s.origin, api: `${api.url}/history` });
  origins.push(spa.url);
  await seedExamples(s, { 'http://localhost:3301': spa.url });
  ({ person } = await signedUp(s));
});
after(async () => {
  await chromium?.close();
  await spa?.close();
  await api?.close();
  await s.close();
});

test('a single-page app signs a person in with a key of the browser, reads userinfo, and calls the API, in Persian', async () => {
  const context = await chromium.newContext({ locale: 'fa-IR' });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  const tokens: { token_type: string; access_token: string }[] = [];
  page.on('response', async (response) => {
    if (response.url() === `${s.origin}/token` && response.request().method() === 'POST') tokens.push(await response.json());
  });

  await page.goto(spa.url);
  await page.getByRole('button', { name: 'ورود' }).click();
  await page.fill('#identifier', person.code);
  await page.fill('#password', PASSWORD);
  await page.locator('.actions .button').first().click();
  await page.waitForURL(`${spa.url}/`);
  await page.getByText(`${person.firstName} ${person.lastName}، وارد شده‌اید.`).waitFor();
  assert.equal(page.url(), `${spa.url}/`, 'neither code nor state stays in the address');
  const claims = JSON.parse((await page.textContent('#claims')) ?? '') as Record<string, unknown>;
  assert.equal(claims['given_name'], person.firstName);
  assert.equal(await page.getAttribute('html', 'dir'), 'rtl');

  await page.getByRole('button', { name: 'دیدن سابقه بیمه' }).click();
  await page.getByText('سابقه شما:').waitFor();
  const answer = (await page.textContent('#answer')) ?? '';
  assert.match(answer, /^200 /);
  assert.match(answer, /"clientId":"spa"/);
  assert.deepEqual(complaints, []);

  // Whoever steals a token has nothing: it does not work without the key, at userinfo as at the API.
  assert.deepEqual(
    tokens.map(({ token_type }) => token_type),
    ['DPoP', 'DPoP'],
  );
  for (const [index, address] of [`${s.origin}/me`, `${api.url}/history`].entries()) {
    const stolen = await fetch(address, { headers: { Authorization: `Bearer ${tokens[index]?.access_token}` } });
    assert.equal(stolen.status, 401, address);
  }
  await context.close();
});

test('an answer that this tab did not ask for is refused', async () => {
  const page = await chromium.newPage();
  await page.goto(`${spa.url}/?code=planted&state=guess&iss=${encodeURIComponent(s.origin)}`);
  await page.getByText('ورود انجام نشد (state).').waitFor();
  await page.close();
});

test('where the server wants its nonce in every proof, the app asks once more with it', async () => {
  const strict = await startSpa({ port: 0, issuer: s.origin, api: `${api.url}/history`, clientId: 'strict' });
  const registered = exampleClients(makeExampleKeys()).find(({ clientId }) => clientId === 'spa');
  const metadata = { ...registered?.metadata, client_id: 'strict', redirect_uris: [`${strict.url}/`], dpop_nonce: true };
  await s.stores.durable.clients.seed([{ clientId: 'strict', metadata }]);
  const page = await chromium.newPage();
  const answers: number[] = [];
  page.on('response', (response) => void (response.url() === `${s.origin}/token` && response.request().method() === 'POST' && answers.push(response.status())));
  await page.goto(strict.url);
  await page.getByRole('button', { name: 'ورود' }).click();
  await page.fill('#identifier', person.code);
  await page.fill('#password', PASSWORD);
  await page.locator('.actions .button').first().click();
  await page.getByText('وارد شده‌اید.').waitFor();
  assert.deepEqual(answers, [400, 200]);
  await page.close();
  await strict.close();
});
