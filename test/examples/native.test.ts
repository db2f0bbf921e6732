import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RunningApi } from '../../examples/api/app.ts';
import { startChain } from '../../examples/exchange/app.ts';
import { signIn } from '../../examples/native/app.ts';
import { seedExamples } from '../support/examples.ts';
import { PASSWORD } from '../support/journey.ts';
import { signedUp } from '../support/signed-up.ts';
import { type Started, start } from '../support/start.ts';

let s: Started;
let chain: { pensions: RunningApi; payments: RunningApi };
before(async () => {
  s = await start();
  const { secrets } = await seedExamples(s);
  chain = await startChain({ issuer: s.origin, secret: secrets['pensions-api'], ports: { pensions: 0, payments: 0 } });
});
after(async () => {
  await chain?.pensions.close();
  await chain?.payments.close();
  await s.close();
});

/** What the person does in the system browser: signs in, allows, and is sent to the app. */
async function allow(address: string, person: { code: string }): Promise<void> {
  const browser = s.browser();
  await browser.open(address);
  await browser.submit({ identifier: person.code, password: PASSWORD });
  const { url } = await browser.submit({ action: 'allow' });
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/callback\?/);
  // A stranger on this machine knocks first and is not heard.
  assert.equal((await fetch(`${new URL(url).origin}/callback?code=planted&state=guess`)).status, 404);
  assert.equal((await fetch(url)).status, 200);
}

test('a command signs its person in over loopback, and with an API in the middle another API answers in the person’s name', async () => {
  const { person } = await signedUp(s);

  let done: Promise<void> | undefined;
  const plain = await signIn({ issuer: s.origin, open: (address) => (done = allow(address, person)) });
  await done;
  assert.equal(plain.claims['given_name'], person.firstName);
  assert.equal(plain.claims['national_id'], undefined, 'only what was asked');

  const api = { resource: 'https://pensions.example/api', scope: 'pensions.read', address: `${chain.pensions.url}/payments` };
  const called = await signIn({ issuer: s.origin, api, open: (address) => (done = allow(address, person)) });
  await done;
  const { caller } = called.answer as { caller: { subject: string; clientId: string; scopes: string[]; act: { sub: string } } };
  assert.equal(caller.clientId, 'pensions-api');
  assert.deepEqual(caller.scopes, ['pensions.read']);
  assert.deepEqual(caller.act, { sub: 'pensions-api' });
  assert.equal(called.claims['given_name'], person.firstName, 'a token for an API cannot ask userinfo, so the claims are in the ID token');
  // The app is a third party with a subject of its own; the API in the middle is a first party.
  assert.notEqual(caller.subject, called.claims['sub']);
  assert.ok(await s.stores.durable.accounts.find(caller.subject));
});
