import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { people, signIn, signUp } from '../support/journey.ts';
import { RELYING_PARTY, type Started, start } from '../support/start.ts';

let s: Started;
before(async () => {
  s = await start();
});
after(() => s.close());

/** A request with any Host and headers, which fetch does not allow. */
async function raw(
  path: string,
  headers: Record<string, string>,
  method = 'GET',
  body = '',
): Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }> {
  const { hostname, port } = new URL(s.origin);
  const sent = request({ hostname, port, path, method, headers });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, text, headers: response.headers };
}

test('any Host but the issuer’s is answered 421, and poisons nothing', async () => {
  for (const path of ['/', '/.well-known/openid-configuration', '/sign-in', '/jwks', '/token']) {
    const answer = await raw(path, { Host: 'evil.example' });
    assert.equal(answer.status, 421, path);
    assert.doesNotMatch(answer.text, /evil\.example/);
  }
  const forwarded = await raw('/.well-known/openid-configuration', {
    Host: new URL(s.origin).host,
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'https',
  });
  assert.doesNotMatch(forwarded.text, /evil\.example/);
});

test('a post to our pages must come from our pages', async () => {
  const browser = s.browser();
  const { url } = await browser.open('/sign-up');
  for (const headers of [
    {},
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: s.origin.replace('http:', 'https:') },
    { 'Sec-Fetch-Site': 'cross-site' },
  ] as Record<string, string>[]) {
    const page = await browser.post(url, { action: 'national' }, headers);
    assert.equal(page.status, 403, JSON.stringify(headers));
  }
  assert.match((await browser.open(url)).url, /\/sign-up$/, 'nothing happened');
  assert.match((await browser.post(url, { action: 'national' }, { 'Sec-Fetch-Site': 'same-origin' })).url, /sign-up-identifier$/);
});

test('every answer carries the headers, errors too', async () => {
  for (const path of ['/sign-in', '/nowhere', '/auth', '/healthz', '/jwks']) {
    const { headers } = await raw(path, { Host: new URL(s.origin).host, Accept: 'text/html' });
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/, path);
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe-inline|form-action/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['referrer-policy'], 'same-origin');
    assert.equal(headers['cache-control'], path === '/jwks' ? 'public, max-age=3600' : 'no-store', path);
  }
});

test('an https issuer behind a proxy gets HSTS, __Host- cookies and Secure', async () => {
  const secure = await start({ ISSUER: 'https://profile.example.test', PROXY_HOPS: '1' });
  try {
    const { port } = new URL(secure.origin);
    const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' }).then(() => rawTo(port, path));
    const rawTo = async (to: string, path: string) => {
      const sent = request({
        hostname: '127.0.0.1',
        port: to,
        path,
        headers: { Host: 'profile.example.test', 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '192.0.2.1' },
      });
      sent.end();
      const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
      response.resume();
      return response;
    };
    const answer = await ask(
      '/auth?client_id=portal&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fprofile.example.test%2Fsigned-in&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256',
    );
    assert.match(String(answer.headers['strict-transport-security']), /max-age=31536000/);
    const cookies = answer.headers['set-cookie'] ?? [];
    assert.ok(cookies.length > 0);
    for (const cookie of cookies) assert.match(cookie, /^__(Host|Secure)-.*; secure/i);
    const plain = request({ hostname: '127.0.0.1', port, path: '/sign-in', headers: { Host: 'profile.example.test' } });
    plain.end();
    const [refused] = (await once(plain, 'response')) as [import('node:http').IncomingMessage];
    refused.resume();
    assert.equal(refused.statusCode, 421, 'no page over plain http');
  } finally {
    await secure.close();
  }
});

test('a body over 16 kB, or of unsaid length, is refused before it is read', async () => {
  const host = { Host: new URL(s.origin).host, Origin: s.origin, 'Content-Type': 'application/x-www-form-urlencoded' };
  for (const path of ['/account/sign-out', '/token', '/interaction/x/sign-in']) {
    assert.equal((await raw(path, { ...host, 'Content-Length': '17000' }, 'POST', 'a'.repeat(17_000))).status, 413, path);
    assert.equal((await raw(path, { ...host, 'Transfer-Encoding': 'chunked' }, 'POST', 'a=b')).status, 413, path);
  }
});

test('a page that posts answers 303, so that a reload posts nothing twice', async () => {
  const answer = await raw(
    '/account/sign-out',
    { Host: new URL(s.origin).host, Origin: s.origin, 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': '0' },
    'POST',
  );
  assert.equal(answer.status, 303);
});

test('every error page has a reference, and the log has its story', async () => {
  const page = await s.browser().open('/nowhere');
  assert.equal(page.status, 404);
  const ref = /[2-9A-HJKMNP-Z]{3}-[2-9A-HJKMNP-Z]{3}/.exec(page.text)?.[0];
  assert.ok(ref);
  assert.ok(s.logged.some((line) => line.includes(ref)));
});

test('the log holds nothing personal, whatever happens', async () => {
  const [person] = people(s);
  assert.ok(person);
  await signUp(s, s.browser(), person);
  await signIn(s.browser(), person, 'canary-password-77');
  await s.browser().open(`/auth?client_id=nobody&login_hint=${person.code}&state=canary-state-88`);
  await s.browser().open(`/${person.code}/${person.mobile}`);
  await s.app.deliver();
  const log = s.logged.join('\n');
  assert.ok(log.length > 1000);
  for (const secret of [
    person.code,
    person.mobile,
    person.mobile.slice(1),
    person.lastName,
    'canary-password-77',
    'canary-state-88',
    'zarafe-abi-kuh',
    'somebody@example.test',
    '$argon2id',
  ]) {
    assert.ok(!log.includes(secret), `the log holds "${secret}"`);
  }
  for (const line of s.logged) assert.doesNotThrow(() => JSON.parse(line));
});

test('alive and ready are told apart', async () => {
  assert.equal((await raw('/healthz', { Host: 'anything' })).text, 'ok');
  assert.equal((await raw('/readyz', { Host: 'anything' })).status, 200);
});

test('a parameter that is too long or holds a NUL is refused before anybody reads it; a signed request may be longer', async () => {
  const ask = async (query: Record<string, string>) => (await raw(`/auth?${new URLSearchParams({ client_id: 'eservices', ...query })}`, {})).status;
  const state = (length: number) => ({ state: 's'.repeat(length) });
  assert.equal(await ask(state(2049)), 400);
  assert.equal(await ask({ nonce: 'a\0b' }), 400);
  const known = {
    response_type: 'code',
    redirect_uri: `${RELYING_PARTY}/callback`,
    scope: 'openid',
    code_challenge: 'c'.repeat(43),
    code_challenge_method: 'S256',
  };
  assert.equal(await ask({ ...known, ...state(2048) }), 303);
  const { headers } = await raw(`/auth?${new URLSearchParams({ client_id: 'eservices', ...known, request: 'r'.repeat(6000) })}`, {});
  assert.match(String(headers['location']), /error=invalid_request_object/, 'read, and judged by what it says');
  assert.equal(await ask({ ...known, request: 'r'.repeat(6145) }), 400);
});

test('NUL, arrays and JSON instead of a form are refused, not crashed', async () => {
  const browser = s.browser();
  const { url } = await browser.open('/sign-up');
  assert.equal((await browser.post(url, { action: 'na\0tional' }, { Origin: s.origin })).status, 400);
  const json = await fetch(url, { method: 'POST', headers: { Origin: s.origin, 'Content-Type': 'application/json' }, body: '{}' });
  assert.ok(json.status >= 400 && json.status < 500);
});

test('assets are kept for a year under a name that carries their hash, compressed', async () => {
  const page = await s.browser().open('/sign-in');
  const css = /href="(\/assets\/[\w-]+\/profile\.css)"/.exec(page.text)?.[1];
  assert.ok(css);
  const answer = await fetch(s.origin + css, { headers: { 'Accept-Encoding': 'br' } });
  assert.match(answer.headers.get('cache-control') ?? '', /immutable/);
  assert.equal(answer.headers.get('content-encoding'), 'br');
  assert.match(await answer.text(), /\/assets\/[\w-]+\/vazirmatn\.woff2/);
});
