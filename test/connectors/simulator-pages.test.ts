import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSimulators } from '#src/connectors/simulators/index.ts';
import { LANGUAGES, WORDS } from '#src/connectors/simulators/words.ts';
import { PLACES, type SandboxSimulators, startSandboxSimulators } from '../support/sandbox-simulators.ts';

let s: SandboxSimulators;
before(async () => {
  s = await startSandboxSimulators();
});
after(() => s.close());

const PAGES = ['/', '/people', '/people?story=ok', '/sms', '/sms?to=09121000137', '/registry', '/clock', '/failures', '/nowhere'];
const DIRECTION = { fa: 'rtl', en: 'ltr' } as const;
const get = async (path: string, headers: Record<string, string> = {}): Promise<string> => (await fetch(s.url + path, { headers })).text();
const unescaped = (text: string): string => text.replace(/&#(\d+);/g, (_, sign) => String.fromCharCode(Number(sign)));
const withLanguage = (path: string, language: string): string => `${path}${path.includes('?') ? '&' : '?'}lang=${language}`;
const submit = (path: string, fields: Record<string, string>): Promise<Response> =>
  fetch(s.url + path, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
const postJson = (path: string, body: object): Promise<Response> =>
  fetch(s.url + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
/** After a form that was accepted: the page that it leads to. */
async function follow(answer: Response): Promise<string> {
  assert.equal(answer.status, 303);
  return unescaped(await get(answer.headers.get('location') ?? ''));
}

for (const language of LANGUAGES) {
  for (const path of PAGES) {
    test(`${path} in ${language}: direction, one heading, no word of the other language, links that keep the language and the place`, async () => {
      const page = unescaped(await get(withLanguage(path, language)));
      assert.match(page, new RegExp(`<html lang="${language}" dir="${DIRECTION[language]}">`));
      assert.equal(page.match(/<h1>/g)?.length, 1);
      assert.ok(page.includes(WORDS[language].synthetic));
      // Names and the other language's own name are marked as what they are; without them an English page has no Persian letter.
      const rest = page.replace(/<(\w+)[^>]* lang="(?:fa|en)"[^>]*>.*?<\/\1>/gs, '');
      if (language === 'en') assert.doesNotMatch(rest, /[\u0600-\u06ff]/);
      const other = language === 'fa' ? 'en' : 'fa';
      const [away = ''] = [...page.matchAll(/class="other" href="([^"]+)"/g)].map(([, address]) => address);
      assert.equal(away, withLanguage(path, other));
      const within = [...page.matchAll(/<a href="([^"]+)"|<form [^>]*action="([^"]+)"|class="more" href="([^"]+)"/g)]
        .map(([, link, form, more]) => link ?? form ?? more ?? '')
        .filter((address) => address !== '#content');
      assert.ok(within.length >= 6);
      // A form that asks with GET says the language in a field.
      if (within.includes('/sms')) assert.ok(page.includes(`<input type="hidden" name="lang" value="${language}">`));
      for (const address of within.filter((one) => one !== '/sms')) assert.match(address, new RegExp(`[?&](lang|to)=${language}$`), address);
    });
  }
}

test('Persian without a choice, whatever the browser asks for; a choice is remembered for an address that says none', async () => {
  assert.match(await get('/', { 'Accept-Language': 'en' }), /<html lang="fa"/);
  const chosen = await fetch(`${s.url}/clock?lang=en`);
  const [cookie = ''] = (chosen.headers.getSetCookie()[0] ?? '').split(';');
  assert.match(await get('/sms', { Cookie: `other=1; ${cookie}` }), /<html lang="en"/);
  assert.match(await get('/sms?lang=fa', { Cookie: cookie }), /<html lang="fa"/);
  assert.match(await get('/sms?lang=xx', { Cookie: cookie }), /<html lang="en"/);
});

test('both languages have the same words, none of them empty', () => {
  const keys = (words: object, prefix = ''): string[] =>
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === 'object' ? keys(value, `${prefix}${key}.`) : [value === '' ? `empty: ${key}` : prefix + key],
    );
  assert.deepEqual(keys(WORDS.fa), keys(WORDS.en));
  assert.ok(!keys(WORDS.fa).some((key) => key.startsWith('empty')));
});

test('a newcomer finds on the first page a person without an SMS yet, the newest code, and where clock and errors are', async () => {
  const before = await get('/?lang=en');
  const [first, second] = s.world.people;
  assert.ok(first && second && before.includes(first.code) && before.includes(first.lastName));
  await s.sms(first.mobile, 'Your verification code: 482915');
  const page = await get('/?lang=en');
  assert.ok(!page.includes(first.code) && page.includes(second.code));
  assert.match(page, /<bdi class="code" data-copy>482915<\/bdi>/);
  await s.sms(first.mobile, 'Your password has changed; call 1420 if it was not you.');
  assert.doesNotMatch(await get('/sms'), /data-copy>1420/, 'a support number is no code');
  for (const path of ['/people', '/sms', '/registry', '/clock', '/failures']) assert.ok(page.includes(`class="more" href="${path}?lang=en"`), path);
});

test('the first page leads to the server’s own sign-up and sign-in and to the sample, in its language', async () => {
  for (const language of LANGUAGES) {
    const page = await get(`/?lang=${language}`);
    for (const address of [
      `${PLACES.issuer}/sign-up?lang=${language}`,
      `${PLACES.issuer}/sign-in?lang=${language}`,
      `${PLACES.eservice}/language?to=${language}`,
    ])
      assert.ok(page.includes(`class="more" href="${address}"`), address);
  }
});

test('what says that it is JSON and is no JSON object is refused, and changes nothing', async () => {
  for (const body of ['{bad', 'null', '[]', '7']) {
    const answer = await fetch(`${s.url}/failures`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    assert.equal(answer.status, 400, body);
    assert.deepEqual(await answer.json(), { error: 'bad-request', expected: 'a JSON object' });
  }
  assert.deepEqual(s.failures.list(), []);
});

test('without a sandbox there is no clock, and the first page says where it is', async () => {
  const plain = await startSimulators({ port: 0, host: '127.0.0.1', now: Date.now });
  try {
    const page = await (await fetch(`${plain.url}/?lang=en`)).text();
    assert.ok(!page.includes('href="/clock'));
    assert.ok(page.includes(WORDS.en.start.noSandbox));
    assert.equal((await fetch(`${plain.url}/clock`)).status, 404);
  } finally {
    await plain.close();
  }
});

test('every story says what it means, the password stands beside those who have an account, the rest is one link away', async () => {
  for (const language of LANGUAGES) {
    const page = unescaped(await get(`/people?lang=${language}`));
    for (const { name, meaning } of Object.values(WORDS[language].people.stories)) assert.ok(page.includes(`<h2>${name}</h2><p>${meaning}</p>`), name);
  }
  assert.equal((await get('/people?story=ok')).match(/<tr>/g)?.length, 41);
  assert.match(await get('/people?story=locked'), /data-copy>zarafe-abi-sandbox</);
  assert.doesNotMatch(await get('/people?story=ok'), /zarafe-abi-sandbox/);
  assert.ok(unescaped(await get('/people?story=none&lang=en')).includes(WORDS.en.people.unknown));
});

test('what comes from outside is shown as text', async () => {
  await s.sms('09121000548', '<script>alert(1)</script>');
  for (const path of ['/sms', '/sms?to="><b>x', '/people?story="><b>x', '/failures?done=ordered&count=1&client=<b>x'])
    assert.doesNotMatch(await get(path), /<script>alert|<b>x/, path);
});

test('the clock: what was done is said in the language of the form; what is refused is said beside the field, which keeps it', async () => {
  const refused = await submit('/clock?lang=en', { advance: 'soon' });
  assert.equal(refused.status, 422);
  const page = unescaped(await refused.text());
  assert.match(page, /<input id="advance"[^>]* aria-describedby="advance-error advance-hint" aria-invalid="true"[^>]* value="soon">/);
  assert.ok(page.includes(`id="advance-error">${WORDS.en.clock.wrong}<`));
  const far = await submit('/clock', { advance: '400000000' });
  assert.equal(far.status, 422);
  assert.ok(unescaped(await far.text()).includes(WORDS.fa.clock.far(10)));
  assert.ok((await follow(await submit('/clock?lang=en', { advance: '3600' }))).includes('role="status">The clock is now 1 hour ahead.<'));
  assert.ok((await follow(await submit('/clock', { advance: '۶۰' }))).includes('role="status">ساعت اکنون ۱ ساعت و ۱ دقیقه جلو است.<'));
  const wrong = await postJson('/clock', { advance: -5 });
  assert.deepEqual([wrong.status, await wrong.json()], [400, { error: 'bad-request', expected: 'advance' }]);
  assert.equal(((await (await postJson('/clock', { advance: 60 })).json()) as { ahead: number }).ahead, 3_720);
});

test('ordered errors: one choice names request and error, what is refused is said beside its field, and nothing of it is ordered', async () => {
  for (const [fields, name, message] of [
    [{ client: 'sandbox', failure: 'token slow', count: '0' }, 'count', WORDS.en.failures.wrongCount(1_000)],
    [{ client: 'nobody', failure: 'token slow', count: '1' }, 'client', WORDS.en.failures.wrongClient],
    [{ client: 'sandbox', failure: 'jwks invalid_grant', count: '1' }, 'failure', WORDS.en.failures.wrongFailure],
  ] as const) {
    const refused = await submit('/failures?lang=en', fields);
    assert.equal(refused.status, 422);
    const page = unescaped(await refused.text());
    assert.ok(page.includes(`id="${name}-error">${message}<`), name);
    if (name === 'count') assert.match(page, /<option value="token slow" selected>[\s\S]*id="count"[^>]* value="0"/);
  }
  assert.deepEqual(s.failures.list(), []);
  const done = await follow(await submit('/failures?lang=en', { client: 'sandbox', failure: 'token slow', count: '2' }));
  assert.ok(done.includes(`role="status">${WORDS.en.failures.ordered(2, 'sandbox')}<`));
  assert.deepEqual(s.failures.list(), [{ client: 'sandbox', endpoint: 'token', kind: 'slow', left: 2 }]);
  assert.ok((await follow(await submit('/failures', { clear: '1' }))).includes(`role="status">${WORDS.fa.failures.cleared}<`));
  assert.deepEqual(s.failures.list(), []);
  const wrong = await postJson('/failures', { client: 'nobody', endpoint: 'token', kind: 'slow', count: 1 });
  assert.deepEqual([wrong.status, await wrong.json()], [400, { error: 'bad-request', expected: 'client, endpoint, kind, count' }]);
});

test('the state of systems: what was done is said; a state that is none is told, and nothing is changed', async () => {
  const refused = await submit('/registry?lang=en', { registry: 'asleep', ownership: 'slow', sms: 'down' });
  assert.equal(refused.status, 422);
  const page = unescaped(await refused.text());
  assert.ok(page.includes(`id="registry-error">${WORDS.en.registry.unknown}<`));
  assert.match(page, /<option value="slow" selected>/);
  assert.deepEqual(s.world.state, { registry: 'normal', ownership: 'normal', sms: 'normal' });
  const done = await follow(await submit('/registry?lang=en', { registry: 'slow' }));
  assert.ok(done.includes('role="status">Saved. Civil registry: slow; Mobile ownership: normal; SMS gateway: normal.<'));
  assert.deepEqual(await (await postJson('/registry', { registry: 'normal', sms: 'asleep' })).json(), {
    registry: 'normal',
    ownership: 'normal',
    sms: 'normal',
  });
});
