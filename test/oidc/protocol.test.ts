import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as oidc from 'openid-client';
import { PASSWORD, relyingParty, signIn, stepOf } from '../support/journey.ts';
import { signedUp } from '../support/signed-up.ts';
import { RELYING_PARTY, start } from '../support/start.ts';

const s = await start();
const { person, browser } = await signedUp(s);
const [rp, club] = await Promise.all([relyingParty(s), relyingParty(s, 'club')]);
after(() => s.close());

const basic = (id: 'eservices' | 'club'): string => `Basic ${Buffer.from(`${id}:${s.secrets[id]}`).toString('base64')}`;
const post = (path: string, form: Readonly<Record<string, string>>, id: 'eservices' | 'club' = 'eservices'): Promise<Response> =>
  fetch(`${s.origin}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: basic(id) },
    body: new URLSearchParams(form),
  });

async function offline(): Promise<oidc.TokenEndpointResponse> {
  const request = await rp.request({ scope: 'openid profile offline_access', prompt: 'consent' });
  await browser.open(request.url);
  const end = await browser.submit({ action: 'allow' });
  return rp.exchange(end.url, request);
}

test('discovery names what is offered, and only that', async () => {
  const metadata = rp.configuration.serverMetadata();
  assert.equal(metadata.issuer, s.origin);
  assert.deepEqual(metadata.response_types_supported, ['code']);
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
  assert.deepEqual(metadata['prompt_values_supported'], ['none', 'login', 'consent', 'select_account', 'create']);
  assert.deepEqual(new Set(metadata.scopes_supported), new Set(['openid', 'profile', 'email', 'phone', 'national_id', 'offline_access']));
  assert.equal(metadata['authorization_response_iss_parameter_supported'], true);
  for (const endpoint of [
    'authorization_endpoint',
    'token_endpoint',
    'userinfo_endpoint',
    'introspection_endpoint',
    'revocation_endpoint',
    'end_session_endpoint',
  ] as const)
    assert.ok(metadata[endpoint]?.startsWith(s.origin), endpoint);
});

test('the key set holds a key for each algorithm, and nothing private', async () => {
  const { keys } = (await (await fetch(`${s.origin}/jwks`)).json()) as { keys: Record<string, string>[] };
  assert.deepEqual(keys.map(({ alg }) => alg).sort(), ['ES256', 'EdDSA', 'PS256', 'RS256']);
  for (const key of keys) assert.ok(!('d' in key) && !('p' in key));
  const [stored] = await s.stores.durable.keys.list();
  assert.doesNotMatch(stored?.sealed ?? '', /kty|"d"/);
});

test('the claims follow the scopes, in the ID token and at userinfo', async () => {
  const request = await rp.request({ scope: 'openid profile email phone national_id' });
  const end = await browser.open(request.url);
  const tokens = await rp.exchange(end.url, request);
  const userinfo = await oidc.fetchUserInfo(rp.configuration, tokens.access_token, tokens.claims()?.sub ?? '');
  assert.equal(userinfo['name'], `${person.firstName} ${person.lastName}`);
  assert.equal(userinfo['father_name'], person.fatherName);
  assert.equal(userinfo['birthdate_jalali'], person.birthDate);
  assert.equal(userinfo['phone_number'], `+98${person.mobile.slice(1)}`);
  assert.equal(userinfo['phone_number_verified'], true);
  assert.equal(userinfo['email_verified'], false);
  assert.equal(userinfo['national_id'], person.code);
  const narrow = await rp.request({ scope: 'openid' });
  const less = await rp.exchange((await browser.open(narrow.url)).url, narrow);
  const little = await oidc.fetchUserInfo(rp.configuration, less.access_token, less.claims()?.sub ?? '');
  assert.equal(little['name'], undefined);
  assert.equal(little['national_id'], undefined);
});

test('a request without PKCE, with the plain method, or with another redirect is refused', async () => {
  const base = { client_id: 'eservices', response_type: 'code', scope: 'openid', redirect_uri: `${RELYING_PARTY}/callback`, state: 'x' };
  const ask = (params: Record<string, string>) => s.browser().open(`/auth?${new URLSearchParams(params)}`);
  assert.match((await ask(base)).url, /error=invalid_request/);
  assert.match((await ask({ ...base, code_challenge: 'a'.repeat(43), code_challenge_method: 'plain' })).url, /error=invalid_request/);
  for (const redirect of ['/callback/', '/Callback', '/callback?x=1', '/callback#x', '@evil.example/callback', '.evil.example/callback']) {
    const page = await ask({ ...base, redirect_uri: `${RELYING_PARTY}${redirect}`, code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' });
    assert.equal(page.status, 400, redirect);
    assert.match(page.text, /کد پیگیری/);
  }
  assert.match(
    (await ask({ ...base, response_type: 'token', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' })).url,
    /error=unsupported_response_type/,
  );
});

test('a code is accepted once even when 20 requests arrive together, and then the grant is gone', async () => {
  const request = await rp.request();
  const end = await browser.open(request.url);
  const code = new URL(end.url).searchParams.get('code') ?? '';
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      post('/token', { grant_type: 'authorization_code', code, redirect_uri: `${RELYING_PARTY}/callback`, code_verifier: request.verifier }),
    ),
  );
  const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { access_token?: string; error?: string }[];
  const tokens = bodies.flatMap(({ access_token: token }) => (token ? [token] : []));
  assert.ok(tokens.length <= 1, `${tokens.length} were accepted`);
  assert.ok(bodies.filter(({ error }) => error === 'invalid_grant').length >= 19);
  const userinfo = await fetch(`${s.origin}/me`, { headers: { Authorization: `Bearer ${tokens[0] ?? 'none'}` } });
  assert.equal(userinfo.status, 401, 'the grant of the loser ends, and the winner’s token with it');
});

test('a code of one client is worth nothing to another, nor with a wrong verifier, nor after a minute', async () => {
  const request = await rp.request();
  const code = new URL((await browser.open(request.url)).url).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: `${RELYING_PARTY}/callback` };
  assert.equal((await post('/token', { ...form, code_verifier: request.verifier }, 'club')).status, 400);
  assert.equal((await post('/token', { ...form, code_verifier: 'b'.repeat(43) })).status, 400);
  assert.equal((await post('/token', form)).status, 400);
  await s.pass(61);
  assert.equal((await post('/token', { ...form, code_verifier: request.verifier })).status, 400);
});

test('a refresh token rotates; used twice, even together, its whole family ends', async () => {
  const first = await offline();
  const second = await oidc.refreshTokenGrant(rp.configuration, first.refresh_token ?? '');
  assert.ok(second.refresh_token && second.refresh_token !== first.refresh_token);
  assert.equal((await post('/token', { grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' })).status, 400, 'replay');
  assert.equal((await post('/token', { grant_type: 'refresh_token', refresh_token: second.refresh_token })).status, 400, 'the family is gone');

  const fresh = await offline();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post('/token', { grant_type: 'refresh_token', refresh_token: fresh.refresh_token ?? '' })),
  );
  const winners = answers.filter(({ status }) => status === 200);
  assert.ok(winners.length <= 1, `${winners.length} were accepted`);
  for (const winner of winners) {
    const { refresh_token: token } = (await winner.json()) as { refresh_token: string };
    assert.equal((await post('/token', { grant_type: 'refresh_token', refresh_token: token })).status, 400);
  }
});

test('rotation never moves the end of a refresh token', async () => {
  let { refresh_token: token = '' } = await offline();
  for (let hours = 0; hours < 11; hours += 1) {
    await s.pass(3600);
    const answer = await post('/token', { grant_type: 'refresh_token', refresh_token: token });
    if (answer.status !== 200) assert.fail(`refused after ${hours + 1} h: ${await answer.text()}`);
    token = ((await answer.json()) as { refresh_token: string }).refresh_token;
  }
  await s.pass(3700);
  assert.equal((await post('/token', { grant_type: 'refresh_token', refresh_token: token })).status, 400);
  await signIn(browser, person);
});

test('introspection and revocation answer the client whose token it is', async () => {
  const { access_token: token } = await offline();
  const active = await oidc.tokenIntrospection(rp.configuration, token);
  assert.equal(active.active, true);
  assert.equal(active.client_id, 'eservices');
  assert.equal((await fetch(`${s.origin}/token/introspection`, { method: 'POST', body: new URLSearchParams({ token }) })).status, 400);
  await oidc.tokenRevocation(rp.configuration, token);
  assert.equal((await oidc.tokenIntrospection(rp.configuration, token)).active, false);
});

test('client credentials give a token without a person', async () => {
  const answer = await post('/token', { grant_type: 'client_credentials' });
  assert.equal(answer.status, 200);
  const wrong = await fetch(`${s.origin}/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from('eservices:wrong').toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  assert.equal(wrong.status, 401);
});

test('prompt=none answers without a page: a code for who is signed in, login_required for who is not', async () => {
  const silent = await rp.request({ prompt: 'none' });
  assert.match((await browser.open(silent.url)).url, /callback\?code=/);
  assert.match((await s.browser().open(silent.url)).url, /error=login_required/);
});

test('prompt=login and max_age ask again; select_account too', async () => {
  for (const extra of [{ prompt: 'login' }, { max_age: '0' }, { prompt: 'select_account' }] as Record<string, string>[]) {
    await s.pass(2);
    const request = await rp.request(extra);
    assert.equal(stepOf(await browser.open(request.url)), 'sign-in', JSON.stringify(extra));
    const end = await browser.submit({ identifier: person.code, password: PASSWORD });
    assert.ok((await rp.exchange(end.url, request)).claims()?.['auth_time']);
  }
});

test('a third party asks consent once, in plain words, and gets a subject of its own', async () => {
  const request = await club.request({ scope: 'openid profile phone' });
  const page = await browser.open(request.url);
  assert.equal(stepOf(page), 'consent');
  assert.match(page.text, /باشگاه بازنشستگان/);
  assert.ok(page.text.includes(`${person.firstName} ${person.lastName}`));
  const denied = await browser.submit({ action: 'deny' });
  assert.match(denied.url, /error=access_denied/);
  const again = await club.request({ scope: 'openid profile phone' });
  await browser.open(again.url);
  const tokens = await club.exchange((await browser.submit({ action: 'allow' })).url, again);
  const own = await rp.request();
  const first = await rp.exchange((await browser.open(own.url)).url, own);
  assert.notEqual(tokens.claims()?.sub, first.claims()?.sub);
  const third = await club.request({ scope: 'openid profile phone' });
  assert.match((await browser.open(third.url)).url, /callback\?code=/, 'allowed before');
  const other = s.browser();
  const later = await club.request({ scope: 'openid profile phone' });
  const end = await signIn(other, person, PASSWORD, later.url);
  assert.equal((await club.exchange(end.url, later)).claims()?.sub, tokens.claims()?.sub, 'the consent and the subject outlive the session');
  const more = await club.request({ scope: 'openid profile phone national_id' });
  assert.match((await browser.open(more.url)).text, /اطلاعات بیشتری/);
  const same = await club.request({ scope: 'openid profile', prompt: 'consent' });
  assert.doesNotMatch((await browser.open(same.url)).text, /اطلاعات بیشتری/, 'asked again, for nothing more');
});

test('prompt=consent asks even of a first party', async () => {
  const request = await rp.request({ prompt: 'consent' });
  assert.equal(stepOf(await browser.open(request.url)), 'consent');
  assert.match((await browser.submit({ action: 'allow' })).url, /callback\?code=/);
});

test('a request of an unknown client is explained, not crashed', async () => {
  const page = await s.browser().open('/auth?client_id=nobody&response_type=code&scope=openid');
  assert.equal(page.status, 400);
  assert.match(page.text, /درخواست سامانه مبدأ معتبر نیست/);
});
