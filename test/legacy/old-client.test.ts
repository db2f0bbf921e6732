import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { PASSWORD, signIn, stepOf } from '../support/journey.ts';
import { AUDIENCES, oldClient } from '../support/old-client.ts';
import { signedUp } from '../support/signed-up.ts';
import { RELYING_PARTY, start } from '../support/start.ts';

const s = await start();
const { person, browser } = await signedUp(s);
after(() => s.close());

const verified = async (token: unknown) =>
  (await jwtVerify(String(token), createRemoteJWKSet(new URL(`${s.origin}/jwks`)), { issuer: s.origin, algorithms: ['RS256'] })).payload;
const bearer = (token: unknown): Record<string, string> => ({ Authorization: `Bearer ${token}` });
const currentUser = (token: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${s.origin}/api/users/current-user`, { headers: { ...bearer(token), ...headers } });

test('a client as the guide describes it signs a person in by the old paths alone', async () => {
  const old = await oldClient(s, {});
  const { url, verifier } = old.request({ state: 'a b&c' });
  const own = s.browser();
  const end = await signIn(own, person, PASSWORD, url);
  const callback = new URL(end.url);
  assert.equal(callback.origin + callback.pathname, old.callback);
  assert.equal(callback.searchParams.get('state'), 'a b&c', 'unchanged');
  assert.equal(callback.searchParams.get('expires_in'), '60');
  const answer = await old.redeem('/auth/server/token', callback.searchParams.get('code') ?? '', verifier);
  assert.equal(answer.status, 200);
  assert.equal(answer.body['refresh_token'], undefined, 'v1 knows none');
  assert.equal(answer.body['expires_in'], 900);
  const claims = await verified(answer.body['access_token']);
  assert.deepEqual(claims.aud, AUDIENCES);
  assert.equal(claims['client_id'], old.id);
  assert.equal(claims['scope'], 'openid profile national_id');
  assert.match(answer.headers.get('deprecation') ?? '', /^@\d+$/);
  assert.equal(answer.headers.get('sunset'), 'Tue, 29 Dec 2099 20:30:00 GMT', 'midnight of Tehran after the last day');
});

test('PKCE stays required, and the verifier must fit', async () => {
  const old = await oldClient(s, {});
  const bare = await browser.open(
    `${s.origin}/auth/server/authorize?${new URLSearchParams({ client_id: old.id, redirect_uri: old.callback, response_type: 'code' })}`,
  );
  assert.equal(new URL(bare.url).searchParams.get('error'), 'invalid_request');
  const { code } = await old.code(browser);
  assert.equal((await old.redeem('/auth/server/token', code, 'x'.repeat(64))).body['error'], 'invalid_grant');
});

test('a refresh that asks for less scope gets less', async () => {
  const old = await oldClient(s, {});
  const { code, verifier } = await old.code(browser);
  const first = await old.redeem('/auth/server/v2/token', code, verifier);
  assert.equal((await verified(first.body['access_token']))['scope'], 'openid profile national_id');
  const form = { grant_type: 'refresh_token', client_id: old.id, refresh_token: String(first.body['refresh_token']), scope: 'openid' };
  const less = await old.post('/auth/server/v2/token', form);
  assert.equal((await verified(less.body['access_token']))['scope'], 'openid');
});

test('a sandboxed frame, whose origin is nobody’s, reads no answer of an application', async () => {
  const old = await oldClient(s, {}, { application_type: 'native', redirect_uris: ['com.example.app:/callback'] });
  const answer = await old.post('/auth/server/token', { grant_type: 'authorization_code', client_id: old.id, code: 'x' }, { Origin: 'null' });
  assert.equal(answer.headers.get('access-control-allow-origin'), null);
});

test('a redirect address that is not registered gets nothing', async () => {
  const old = await oldClient(s, {});
  const page = await browser.open(s.origin + old.request({ redirect_uri: `${old.callback}/other` }).url);
  assert.equal(page.status, 400);
  assert.equal(page.url.startsWith(s.origin), true);
});

test('v2 narrows the token to the asked audience, refreshes it, and refuses what is not the client’s', async () => {
  const old = await oldClient(s, {});
  const [first = '', second = ''] = AUDIENCES;
  const { code, verifier } = await old.code(browser);
  const outside = await old.redeem('/auth/server/v2/token', code, verifier, { audience: `${first},https://elsewhere.test` });
  assert.deepEqual([outside.status, outside.body['error']], [400, 'invalid_target']);
  const answer = await old.redeem('/auth/server/v2/token', code, verifier, { audience: `${first},${second}` });
  assert.equal(answer.status, 200, 'the code was not used up by the refusal');
  assert.equal(answer.body['token_type'], 'Bearer');
  assert.deepEqual((await verified(answer.body['access_token'])).aud, [first, second]);

  const refresh = (token: unknown, audience: string) =>
    old.post('/auth/server/v2/token', { grant_type: 'refresh_token', client_id: old.id, refresh_token: String(token), audience });
  assert.equal((await refresh(answer.body['refresh_token'], 'https://elsewhere.test')).body['error'], 'invalid_target');
  const again = await refresh(answer.body['refresh_token'], second);
  assert.equal(again.status, 200, 'nor was the refresh token');
  assert.deepEqual((await verified(again.body['access_token'])).aud, [second]);
  assert.notEqual(again.body['refresh_token'], answer.body['refresh_token']);
  assert.equal(
    (await old.post('/auth/server/token', { grant_type: 'refresh_token', client_id: old.id, refresh_token: 'x' })).body['error'],
    'unsupported_grant_type',
  );
});

test('clinic software may ask by the doctor’s own national code, and by nobody else’s', async () => {
  const old = await oldClient(s, { audiences: ['own-national-code'] });
  const mine = await old.code(browser);
  const answer = await old.redeem('/auth/server/v2/token', mine.code, mine.verifier, { audience: person.code });
  assert.deepEqual((await verified(answer.body['access_token'])).aud, [person.code]);
  const other = await old.code(browser);
  const refused = await old.redeem('/auth/server/v2/token', other.code, other.verifier, { audience: '0499370899' });
  assert.deepEqual([refused.status, refused.body['error']], [400, 'invalid_target']);
});

test('without audiences of its own a client’s token is for this server alone', async () => {
  const old = await oldClient(s, { audiences: [], access_token_lifetime: 3600 });
  const { code, verifier } = await old.code(browser);
  const answer = await old.redeem('/auth/server/token', code, verifier);
  assert.deepEqual((await verified(answer.body['access_token'])).aud, [s.origin]);
  assert.equal(answer.body['expires_in'], 3600);
});

test('a client that has moved gets the tokens of everybody on the standard paths', async () => {
  const old = await oldClient(s, {});
  const { code, verifier } = await old.code(browser);
  const answer = await old.redeem('/token', code, verifier);
  assert.doesNotMatch(String(answer.body['access_token']), /^eyJ/);
  assert.equal((await fetch(`${s.origin}/me`, { headers: bearer(answer.body['access_token']) })).status, 200);
  assert.equal(answer.headers.get('sunset'), null);
  const second = await old.code(browser);
  const asked = await old.redeem('/token', second.code, second.verifier, { resource: 'urn:profile:legacy' });
  assert.equal(asked.body['error'], 'invalid_target', 'an old-style token only by an old path');
});

test('the bearer of an access token ends the refresh token, and with it the access token', async () => {
  const old = await oldClient(s, {});
  const { code, verifier } = await old.code(browser);
  const { body } = await old.redeem('/auth/server/v2/token', code, verifier);
  const form = { refresh_token: String(body['refresh_token']) };
  assert.equal((await old.post('/auth/revoke', form)).status, 401);
  assert.equal((await old.post('/auth/revoke', form, bearer('eyJ.x.y'))).status, 401);
  assert.equal((await currentUser(body['access_token'])).status, 200);
  assert.equal((await old.post('/auth/revoke', form, bearer(body['access_token']))).status, 200);
  const refused = await old.post('/auth/server/v2/token', { grant_type: 'refresh_token', client_id: old.id, ...form });
  assert.equal(refused.body['error'], 'invalid_grant');
  assert.equal((await currentUser(body['access_token'])).status, 401);
});

test('one client’s access token cannot end another’s refresh token', async () => {
  const [one, two] = [await oldClient(s, {}), await oldClient(s, {})];
  const [first, second] = [await one.code(browser), await two.code(browser)];
  const ours = await one.redeem('/auth/server/v2/token', first.code, first.verifier);
  const theirs = await two.redeem('/auth/server/v2/token', second.code, second.verifier);
  await one.post('/auth/revoke', { refresh_token: String(theirs.body['refresh_token']) }, bearer(ours.body['access_token']));
  const refreshed = await two.post('/auth/server/v2/token', {
    grant_type: 'refresh_token',
    client_id: two.id,
    refresh_token: String(theirs.body['refresh_token']),
  });
  assert.equal(refreshed.status, 200);
});

test('the user record comes in the old envelope, as far as the scopes reach', async () => {
  const old = await oldClient(s, {});
  const { code, verifier } = await old.code(browser);
  const { body } = await old.redeem('/auth/server/token', code, verifier);
  const answer = await currentUser(body['access_token'], { Origin: RELYING_PARTY });
  assert.equal(answer.headers.get('access-control-allow-origin'), RELYING_PARTY);
  assert.ok(answer.headers.get('sunset'));
  const envelope = (await answer.json()) as { data: Record<string, unknown> };
  const { data, ...rest } = envelope;
  assert.deepEqual(rest, { status: 200, family: 'SUCCESSFUL', reason: 'OK', problems: [] });
  assert.equal(data['nationalCode'], person.code);
  assert.equal(data['login'], person.code);
  assert.equal(data['displayName'], `${person.firstName} ${person.lastName}`);
  assert.equal(data['entityId'], (await verified(body['access_token'])).sub);
  assert.match(new Date(data['birthDate'] as number).toISOString(), /T00:00:00\.000Z$/);
  assert.ok(!('mobile' in data) && !('email' in data), 'phone and email were not asked for');
  assert.ok(!('accountStatus' in data), 'nobody told us its spelling');

  const spelled = await oldClient(s, {
    default_scope: 'openid phone email',
    current_user: { account_status: 'ACTIVE' },
  });
  const more = await spelled.code(browser);
  const tokens = await spelled.redeem('/auth/server/token', more.code, more.verifier);
  const { data: its } = (await (await currentUser(tokens.body['access_token'])).json()) as { data: Record<string, unknown> };
  assert.deepEqual({ ...its, entityId: undefined }, { entityId: undefined, accountStatus: 'ACTIVE', mobile: person.mobile, email: 'somebody@example.test' });
});

test('the user record is for old-style tokens only; another origin’s script does not read it', async () => {
  const old = await oldClient(s, {});
  const { code, verifier } = await old.code(browser);
  const { body } = await old.redeem('/auth/server/token', code, verifier);
  const foreign = await currentUser(body['access_token'], { Origin: 'https://elsewhere.test' });
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
  for (const token of ['', 'opaque', body['id_token'], `${body['access_token']}x`]) {
    const refused = await currentUser(token);
    assert.equal(refused.status, 401);
    const envelope = (await refused.json()) as Record<string, unknown>;
    assert.deepEqual([envelope['status'], envelope['data']], [401, null]);
  }
  const preflight = await fetch(`${s.origin}/api/users/current-user`, {
    method: 'OPTIONS',
    headers: { Origin: RELYING_PARTY, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization' },
  });
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-headers')], [204, 'authorization']);
});

test('a third party’s person consents first, and is known to it by a pairwise identifier only', async () => {
  const old = await oldClient(s, { default_scope: 'openid' }, { first_party: false });
  const { url, verifier } = old.request();
  await browser.open(s.origin + url);
  assert.equal(stepOf(browser.page), 'consent');
  const end = await browser.submit({ action: 'allow' });
  const answer = await old.redeem('/auth/server/token', new URL(end.url).searchParams.get('code') ?? '', verifier);
  const { data } = (await (await currentUser(answer.body['access_token'])).json()) as { data: Record<string, unknown> };
  const first = await oldClient(s, {});
  const own = await first.code(browser);
  const firsts = await verified((await first.redeem('/auth/server/token', own.code, own.verifier)).body['access_token']);
  assert.deepEqual(Object.keys(data), ['entityId']);
  assert.notEqual(data['entityId'], firsts.sub);
});

test('a script on the client’s own origin redeems its code; on another it reads nothing', async () => {
  const old = await oldClient(s, {});
  const redeem = async (origin: string) => {
    const { code, verifier } = await old.code(browser);
    const form = { grant_type: 'authorization_code', client_id: old.id, redirect_uri: old.callback, code, code_verifier: verifier };
    return old.post('/auth/server/token', form, { Origin: origin });
  };
  const own = await redeem(RELYING_PARTY);
  assert.deepEqual([own.status, own.headers.get('access-control-allow-origin')], [200, RELYING_PARTY]);
  assert.equal((await redeem('https://elsewhere.test')).headers.get('access-control-allow-origin'), null);
});

test('response_type=token answers with a token in the fragment, for a client that has the permission', async () => {
  const old = await oldClient(s, {});
  const query = new URLSearchParams({ client_id: old.id, redirect_uri: old.callback, response_type: 'token', state: 's1' });
  const own = s.browser();
  const end = await signIn(own, person, PASSWORD, `/auth/server/authorize?${query}`);
  const callback = new URL(end.url);
  assert.equal(callback.search, '', 'no code leaves');
  const answer = new URLSearchParams(callback.hash.slice(1));
  assert.equal(answer.get('code'), null);
  assert.deepEqual([answer.get('expires_in'), answer.get('token_type'), answer.get('state')], ['900', 'Bearer', 's1']);
  assert.deepEqual((await verified(answer.get('access_token'))).aud, AUDIENCES);
  assert.equal((await currentUser(answer.get('access_token'))).status, 200);
});

test('a visit that died starts again as what it was, old form and all', async () => {
  const old = await oldClient(s, {});
  const own = s.browser();
  await own.open(`/auth/server/authorize?${new URLSearchParams({ client_id: old.id, redirect_uri: old.callback, response_type: 'token' })}`);
  const dead = own.page.url;
  own.forget('interaction');
  const again = await own.open(dead);
  assert.notEqual(again.url, dead);
  const implicit = await own.submit({ identifier: person.code, password: PASSWORD });
  assert.match(implicit.url, /#.*access_token=eyJ/);

  const other = s.browser();
  const { url, verifier } = old.request();
  await other.open(url);
  const gone = other.page.url;
  other.forget('interaction');
  assert.notEqual((await other.open(gone)).url, gone);
  const end = await other.submit({ identifier: person.code, password: PASSWORD });
  const answer = await old.redeem('/auth/server/token', new URL(end.url).searchParams.get('code') ?? '', verifier);
  assert.deepEqual((await verified(answer.body['access_token'])).aud, AUDIENCES);
});

test('response_type=token is refused to everybody else, by any path, and is not advertised', async () => {
  const old = await oldClient(s, { forms: ['paths', 'no-scope'] });
  const params = { client_id: old.id, redirect_uri: old.callback, response_type: 'token' };
  const page = await browser.open(`${s.origin}/auth/server/authorize?${new URLSearchParams(params)}`);
  assert.equal(page.status, 400);
  const standard = await browser.open(`${s.origin}/auth?${new URLSearchParams({ ...params, scope: 'openid' })}`);
  assert.match(standard.url, /error=unsupported_response_type/);
  const { url } = old.request({ response_mode: 'legacy_token', scope: 'openid' });
  for (const address of [url, url.replace('/auth/server/authorize', '/auth')]) {
    const end = await browser.open(s.origin + address);
    assert.match(end.url, /error=invalid_request/);
    assert.doesNotMatch(end.url, /access_token|code=/);
  }
  const discovery = await (await fetch(`${s.origin}/.well-known/openid-configuration`)).text();
  assert.doesNotMatch(discovery, /legacy/);
  const { response_types_supported: types, response_modes_supported: modes } = JSON.parse(discovery) as Record<string, string[]>;
  assert.deepEqual(types, ['code']);
  assert.ok(!modes?.some((mode) => /legacy|token/.test(mode)), `${modes}`);
});

test('expires_in stands beside the code only for a client that needs it', async () => {
  const old = await oldClient(s, { forms: ['paths', 'no-scope'] });
  const { page } = await old.code(browser);
  assert.equal(new URL(page.url).searchParams.get('expires_in'), null);
});

test('a form that is not in the terms is refused, and named', async () => {
  const old = await oldClient(s, { forms: ['paths'] });
  assert.equal((await browser.open(s.origin + old.request().url)).status, 400, 'no scope');
  const { code, verifier } = await old.code(browser, { scope: 'openid' });
  const audience = await old.redeem('/auth/server/v2/token', code, verifier, { audience: AUDIENCES[0] ?? '' });
  assert.deepEqual([audience.status, audience.body['error']], [400, 'unauthorized_client']);
  assert.match(String(audience.body['error_description']), /audience/);
  const { body } = await old.redeem('/auth/server/v2/token', code, verifier);
  assert.equal((await currentUser(body['access_token'])).status, 401);
});

test('for a client without terms there is nothing at the old addresses', async () => {
  const modern = await oldClient(s, undefined);
  assert.equal((await browser.open(s.origin + modern.request({ scope: 'openid' }).url)).status, 404);
  for (const path of ['/auth/server/token', '/auth/server/v2/token']) {
    const refused = await modern.redeem(path, 'code', 'verifier');
    assert.deepEqual([refused.status, refused.body['error']], [400, 'unauthorized_client']);
  }
  const broken = await oldClient(s, { until: 'some day' });
  assert.equal((await browser.open(s.origin + broken.request().url)).status, 404, 'terms that cannot be read are none');
  assert.equal((await browser.open(`${s.origin}/auth/server/authorize`)).status, 404);
  assert.equal((await fetch(`${s.origin}/auth/server/token`)).status, 405);
  assert.equal((await modern.post('/auth/server/token', {})).body['error'], 'unauthorized_client');
});
