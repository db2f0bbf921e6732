import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import type { Browser } from '../support/browser.ts';
import { type Registered, register, SECRET } from '../support/clients.ts';
import { hiddenFields } from '../support/hidden-fields.ts';
import { people, signUp } from '../support/journey.ts';
import { type Started, start } from '../support/start.ts';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
let s: Started;
let rp: Registered;
let other: Registered;
let browser: Browser;
before(async () => {
  s = await start();
  const fields = { grant_types: [DEVICE], redirect_uris: [] };
  [rp, other] = [await register(s, fields), await register(s, fields)];
  browser = s.browser();
  const [person] = people(s);
  assert.ok(person);
  await signUp(s, browser, person);
});
after(() => s.close());

const begin = (): Promise<oidc.DeviceAuthorizationResponse> => oidc.initiateDeviceAuthorization(rp.configuration, { scope: 'openid' });

/** What the device hears: an error, or «tokens». */
async function poll({ device_code }: { device_code: string }, by = rp): Promise<string> {
  const answer = await fetch(`${s.origin}/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${by.configuration.clientMetadata().client_id}:${SECRET}`)}` },
    body: new URLSearchParams({ grant_type: DEVICE, device_code }),
  });
  const { error = 'tokens' } = (await answer.json()) as { error?: string };
  assert.equal(answer.status, error === 'tokens' ? 200 : 400);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  return error;
}

async function decide({ user_code }: { user_code: string }, decision: Record<string, string>): Promise<void> {
  await browser.open('/device');
  await browser.submit({ ...hiddenFields(browser.page.text), user_code });
  await browser.submit({ ...hiddenFields(browser.page.text), ...decision });
}

test('a device is told its pace, and one that keeps to it hears authorization_pending', async () => {
  const device = await begin();
  assert.equal(device.interval, 5);
  for (let polls = 0; polls < 6; polls += 1) {
    assert.equal(await poll(device), 'authorization_pending');
    await s.pass(5);
  }
});

test('one that is too fast hears slow_down, and must wait five seconds more each time (RFC 8628 §3.5)', async () => {
  const device = await begin();
  assert.equal(await poll(device), 'authorization_pending');
  await s.pass(2);
  assert.equal(await poll(device), 'slow_down');
  await s.pass(10);
  assert.equal(await poll(device), 'authorization_pending');
  await s.pass(5);
  assert.equal(await poll(device), 'slow_down', 'five seconds are not enough any more');
  await s.pass(15);
  assert.equal(await poll(device), 'authorization_pending');
  await s.pass(10);
  assert.equal(await poll(device), 'slow_down', 'nor are ten');
});

test('the pace of one code is no other’s, and a client that does not hold the code cannot slow it', async () => {
  const [one, two] = [await begin(), await begin()];
  assert.equal(await poll(one), 'authorization_pending');
  assert.equal(await poll(two), 'authorization_pending');
  await s.pass(5);
  for (let tries = 0; tries < 3; tries += 1) assert.equal(await poll(one, other), 'invalid_grant');
  assert.equal(await poll(one), 'authorization_pending');
});

test('polls that arrive together: one hears authorization_pending', async () => {
  const device = await begin();
  const answers = await Promise.all(Array.from({ length: 20 }, () => poll(device)));
  assert.deepEqual([answers.filter((answer) => answer === 'authorization_pending').length, answers.filter((answer) => answer === 'slow_down').length], [1, 19]);
});

test('once the person has decided nobody is held back: one of twenty gets the tokens', async () => {
  const device = await begin();
  for (const expected of ['authorization_pending', 'slow_down', 'slow_down']) assert.equal(await poll(device), expected);
  await decide(device, {});
  const answers = await Promise.all(Array.from({ length: 20 }, () => poll(device)));
  assert.deepEqual([answers.filter((answer) => answer === 'tokens').length, answers.filter((answer) => answer === 'invalid_grant').length], [1, 19]);
});

test('a refusal and an end are told at once, however fast the question', async () => {
  const refused = await begin();
  assert.equal(await poll(refused), 'authorization_pending');
  await decide(refused, { abort: 'yes' });
  assert.equal(await poll(refused), 'access_denied');
  const late = await begin();
  await s.pass(598);
  assert.equal(await poll(late), 'authorization_pending');
  await s.pass(3);
  assert.equal(await poll(late), 'expired_token');
  assert.equal(await poll(late), 'expired_token');
});
