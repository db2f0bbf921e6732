import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startLogoutReceiver } from '../../examples/logout-receiver/app.ts';
import { createLogoutTokenCheck } from '../../examples/logout-receiver/logout-token.ts';
import { Browser } from '../support/browser.ts';
import { seedExamples } from '../support/examples.ts';
import { PASSWORD, people, signUp } from '../support/journey.ts';
import { type Started, start } from '../support/start.ts';

let s: Started;
let receiver: { url: string; close(): Promise<void> };
let secret = '';
before(async () => {
  s = await start({}, { innerAddresses: true });
  receiver = await startLogoutReceiver({ port: 0, issuer: s.origin, clientSecret: () => secret });
  secret = (await seedExamples(s, { 'http://localhost:3303': receiver.url })).secrets['logout-receiver'];
});
after(async () => {
  await receiver.close();
  await s.close();
});

/** Two origins: a browser of each, and the redirects between them. */
async function signInAtReceiver(person: { code: string }): Promise<{ here: Browser; there: Browser }> {
  const [here, there] = [new Browser(receiver.url), s.browser()];
  const { url } = await here.open('/login');
  await there.open(url);
  const { url: back } = await there.submit({ identifier: person.code, password: PASSWORD });
  await here.open(back);
  return { here, there };
}

test('whoever signs out at Profile is signed out at the receiver, and nobody else', async () => {
  const [person, bystander] = people(s);
  assert.ok(person && bystander);
  await signUp(s, s.browser(), person);
  await signUp(s, s.browser(), bystander);
  const first = await signInAtReceiver(person);
  const second = await signInAtReceiver(person);
  const third = await signInAtReceiver(bystander);
  for (const { here } of [first, second, third]) assert.match((await here.open('/')).text, /وارد شده‌اید/);

  await first.there.open('/session/end');
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(first.there.page.text)?.[1] ?? '';
  await first.there.submit({ xsrf, logout: 'yes' }, `${s.origin}/session/end/confirm`);
  assert.equal(await s.app.tellSignOuts(), 1);
  assert.match((await first.here.open('/')).text, /وارد نشده‌اید/);
  assert.match((await second.here.open('/')).text, /وارد شده‌اید/, 'another browser of the same person');
  assert.match((await third.here.open('/')).text, /وارد شده‌اید/);
});

test('a post that is no logout token is 400', async () => {
  const answer = await fetch(`${receiver.url}/backchannel-logout`, { method: 'POST', body: new URLSearchParams({ logout_token: 'a.b.c' }) });
  assert.equal(answer.status, 400);
});

test('a logout token is taken once, and only with everything that it must say', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const server = createServer(async (_request, response) => {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k' }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = 'https://issuer.example';
  const check = createLogoutTokenCheck({ issuer, jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, clientId: 'rp' });
  const EVENT = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const token = (claims: object = {}, typ = 'logout+jwt', drop: readonly string[] = []) => {
    const whole = { iss: issuer, aud: 'rp', iat: Math.floor(Date.now() / 1000), jti: randomUUID(), events: EVENT, sid: 'one', ...claims };
    const payload = Object.fromEntries(Object.entries(whole).filter(([name]) => !drop.includes(name)));
    return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k', typ }).sign(privateKey);
  };
  try {
    const good = await token();
    assert.deepEqual(await check(good), { sid: 'one' });
    await assert.rejects(check(good), /seen before/);
    assert.deepEqual(await check(await token({ sub: 'person' }, undefined, ['sid'])), { subject: 'person' });
    const wrong = {
      'another issuer': await token({ iss: 'https://other.example' }),
      'another audience': await token({ aud: 'other' }),
      old: await token({ iat: Math.floor(Date.now() / 1000) - 600 }),
      'an ID token': await token({ nonce: 'n' }),
      'another event': await token({ events: { other: {} } }),
      'another type': await token({}, 'JWT'),
      nobody: await token({}, undefined, ['sid']),
      'no jti': await token({}, undefined, ['jti']),
      'no iat': await token({}, undefined, ['iat']),
    };
    for (const [what, value] of Object.entries(wrong)) await assert.rejects(check(value), Error, what);
  } finally {
    server.close();
  }
});
