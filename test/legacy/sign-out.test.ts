import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PASSWORD, signIn, stepOf } from '../support/journey.ts';
import { oldClient, SIGNED_OUT } from '../support/old-client.ts';
import { signedUp } from '../support/signed-up.ts';
import { start } from '../support/start.ts';

const s = await start();
const { person, browser } = await signedUp(s);
after(() => s.close());

const signOutAt = (uri: string): string => `${s.origin}/auth/signout?redirect_uri=${encodeURIComponent(uri)}`;

test('the old sign-out asks once, ends the session and the tokens, and returns to the registered address', async () => {
  const old = await oldClient(s, {});
  const own = s.browser();
  await signIn(own, person, PASSWORD, old.request().url);
  const { code, verifier } = await old.code(own);
  const { body } = await old.redeem('/auth/server/v2/token', code, verifier);

  const page = await own.open(signOutAt(SIGNED_OUT));
  assert.equal(page.status, 200);
  assert.match(page.text, /خروج از سامانه/);
  assert.match(page.text, /سامانه قدیمی/);
  assert.ok(page.headers.get('sunset'));
  assert.notEqual(stepOf(await own.open(`${s.origin}/`)), 'sign-in', 'a link on any page signs nobody out by itself');

  await own.open(signOutAt(SIGNED_OUT));
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(own.page.text)?.[1] ?? '';
  const gone = await own.submit({ xsrf, logout: 'yes' }, `${s.origin}/session/end/confirm`);
  assert.equal(gone.url, SIGNED_OUT);
  assert.equal(stepOf(await own.open(`${s.origin}/`)), 'sign-in');
  const refresh = await old.post('/auth/server/v2/token', { grant_type: 'refresh_token', client_id: old.id, refresh_token: String(body['refresh_token']) });
  assert.equal(refresh.body['error'], 'invalid_grant');
  const user = await fetch(`${s.origin}/api/users/current-user`, { headers: { Authorization: `Bearer ${body['access_token']}` } });
  assert.equal(user.status, 401);
});

test('the old sign-out is never an open redirect: the address is compared as a whole', async () => {
  await oldClient(s, {});
  const { origin } = new URL(SIGNED_OUT);
  const near = [
    `${SIGNED_OUT}&x=1`,
    `${SIGNED_OUT}#x`,
    SIGNED_OUT.replace('signed-out', 'Signed-Out'),
    `${origin}/`,
    'https://evil.test/',
    `//evil.test`,
    'javascript:1',
    '',
  ];
  for (const uri of near) {
    const page = await browser.open(signOutAt(uri));
    assert.equal(page.status, 404, uri);
    assert.ok(page.url.startsWith(s.origin), uri);
  }
  assert.equal((await browser.open(signOutAt('a\0b'))).status, 400);
  assert.equal((await browser.open(`${s.origin}/auth/signout`)).status, 404);
  assert.equal((await browser.open(`${signOutAt(SIGNED_OUT)}&redirect_uri=${encodeURIComponent('https://evil.test/')}`)).status, 404);
});

test('a client whose terms do not name the sign-out has none', async () => {
  const own = `${new URL(SIGNED_OUT).origin}/only-here`;
  await oldClient(s, { forms: ['paths'], signout_uris: [own] }, { post_logout_redirect_uris: [own] });
  assert.equal((await browser.open(signOutAt(own))).status, 400);
});
