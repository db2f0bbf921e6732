import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PASSWORD, signIn } from '../support/journey.ts';
import { oldClient } from '../support/old-client.ts';
import { signedUp } from '../support/signed-up.ts';
import { RELYING_PARTY, start } from '../support/start.ts';

const s = await start();
const { person, browser } = await signedUp(s);
after(() => s.close());

const today = (): string => new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Tehran' }).format(Date.now());
const currentUser = (token: unknown): Promise<Response> => fetch(`${s.origin}/api/users/current-user`, { headers: { Authorization: `Bearer ${token}` } });

test('an old refresh token outlives the browser’s session only where the terms say so', async () => {
  const [bound, free] = [await oldClient(s, { default_scope: 'openid profile' }), await oldClient(s, { default_scope: 'openid profile offline_access' })];
  const own = s.browser();
  await signIn(own, person, PASSWORD, bound.request().url);
  const tokens = [];
  for (const old of [bound, free]) {
    const { code, verifier } = await old.code(own);
    tokens.push((await old.redeem('/auth/server/v2/token', code, verifier)).body['refresh_token']);
  }
  await s.pass(31 * 60);
  const statuses = [];
  for (const [index, old] of [bound, free].entries()) {
    statuses.push((await old.post('/auth/server/v2/token', { grant_type: 'refresh_token', client_id: old.id, refresh_token: String(tokens[index]) })).status);
  }
  assert.deepEqual(statuses, [400, 200]);
});

test('the last day counts in full; after it every old form is refused, and the standard ones go on', async () => {
  const bye = `${RELYING_PARTY}/last-day`;
  const old = await oldClient(s, { until: today(), signout_uris: [bye] }, { post_logout_redirect_uris: [bye] });
  const own = s.browser();
  await signIn(own, person, PASSWORD, old.request().url);
  const { code, verifier } = await old.code(own);
  const { body } = await old.redeem('/auth/server/v2/token', code, verifier);
  assert.equal((await currentUser(body['access_token'])).status, 200);

  // To the first minute of tomorrow in Tehran.
  const midnight = Date.parse(`${today()}T00:00:00+03:30`) + 24 * 60 * 60 * 1000;
  await s.pass((midnight - Date.now()) / 1000 + 60);

  const page = await s.browser().open(s.origin + old.request().url);
  assert.equal(page.status, 410);
  assert.match(page.text, /روش قدیمی ورود/);
  assert.match(page.text, /سامانه قدیمی/, 'the way back to the service');
  const refused = await old.redeem('/auth/server/token', 'code', verifier);
  assert.deepEqual([refused.status, refused.body['error']], [400, 'unauthorized_client']);
  assert.match(String(refused.body['error_description']), /ended for this client on \d{4}-\d\d-\d\d/);
  assert.equal((await currentUser(body['access_token'])).status, 401);
  assert.equal((await browser.open(`${s.origin}/auth/signout?redirect_uri=${encodeURIComponent(bye)}`)).status, 410);

  const standard = old.request({ scope: 'openid' });
  const again = s.browser();
  const end = await signIn(again, person, PASSWORD, standard.url.replace('/auth/server/authorize', '/auth'));
  const callback = new URL(end.url);
  assert.equal(callback.searchParams.get('expires_in'), null);
  assert.equal((await old.redeem('/token', callback.searchParams.get('code') ?? '', standard.verifier)).status, 200);
});

test('a sign-in that began before the end gets no token in the fragment after it', async () => {
  const old = await oldClient(s, { until: today() });
  const own = s.browser();
  const implicit = new URLSearchParams({ client_id: old.id, redirect_uri: old.callback, response_type: 'token' });
  const left = Date.parse(`${today()}T00:00:00+03:30`) + 24 * 60 * 60 * 1000 - Date.now();
  await s.pass(left / 1000 - 60);
  const form = await own.open(`${s.origin}/auth/server/authorize?${implicit}`);
  assert.match(form.url, /interaction/);
  await s.pass(120);
  const end = await own.submit({ identifier: person.code, password: PASSWORD });
  assert.doesNotMatch(end.url, /access_token|code=/);
});
