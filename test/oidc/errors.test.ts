import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type JWTPayload, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { hashOf, newProofKey, type ProofChange, type ProofKey, proofOf } from '../conformance/fapi-party.ts';
import type { Browser, Page } from '../support/browser.ts';
import { api, keyPair, type Registered, register, SECRET } from '../support/clients.ts';
import { PASSWORD, people, signIn, signUp } from '../support/journey.ts';
import { type Started, start } from '../support/start.ts';

/** Section 10 of the guides, “Errors and cures”: each error of each row, at each place that the row names, as a relying party sees it. */
type Place = 'authorization' | 'token' | 'userinfo' | 'introspection' | 'revocation' | 'pages';
type Redirected = { readonly page: Page; readonly to: string; readonly state: string };
type Case = {
  /** The error by its code; `page` for one that stays with us; the status of one that has no code. */
  readonly error: string;
  readonly why: string;
  readonly description?: RegExp;
} & (
  | { readonly at: 'authorization'; readonly see: () => Promise<Redirected> }
  | { readonly at: 'token' | 'userinfo' | 'introspection' | 'revocation'; readonly see: () => Promise<Response> }
  | { readonly at: 'authorization'; readonly error: 'page'; readonly page: (from: Browser) => Promise<Page> }
  | { readonly at: 'pages'; readonly page: (language: Language) => Promise<Page> }
);
type Language = 'fa' | 'en';

const GUIDES = { en: 'docs/integrate.md', fa: 'docs/integrate.fa.md' } as const;
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const RECORDS = 'https://records.example.test/';
const REFERENCE = /[2-9A-HJKMNP-Z]{3}-[2-9A-HJKMNP-Z]{3}/;

let s: Started;
let person: SyntheticPerson;
let browser: Browser;
let app: Registered;
let bound: Registered;
let keyed: { readonly rp: Registered; readonly key: CryptoKey };
before(async () => {
  s = await start();
  person = people(s)[0] as SyntheticPerson;
  browser = s.browser();
  await signUp(s, browser, person);
  await s.stores.durable.apis.seed([api(RECORDS)]);
  app = await register(s, { resources: { [RECORDS]: ['record:read'] }, grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] });
  bound = await register(s, { dpop_bound_access_tokens: true });
  const { key, kid, jwks } = await keyPair();
  const fields = { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks };
  keyed = { rp: await register(s, fields, oidc.PrivateKeyJwt({ key, kid })), key };
});
after(() => s.close());

// ── How a relying party asks ───────────────────────────────────────────────────────────────────────────────────────

const idOf = (rp: Registered): string => rp.configuration.clientMetadata().client_id;
const basic = (rp: Registered, secret = SECRET): string => `Basic ${btoa(`${idOf(rp)}:${secret}`)}`;

/** The authorization request in a browser, and what the person does then. */
async function authorize(
  rp: Registered,
  extra: Record<string, string>,
  { from = browser, do: act = async () => {} }: { from?: Browser; do?: (page: Browser) => Promise<unknown> } = {},
): Promise<Redirected> {
  const { url, checks } = await rp.request(extra);
  await from.open(url);
  await act(from);
  return { page: from.page, to: rp.redirectUri, state: String(checks.expectedState) };
}

async function codeOf(rp: Registered, extra: Record<string, string> = {}): Promise<Record<string, string>> {
  if (!(await browser.open('/')).text.includes('سلام')) await signIn(browser, person);
  const { url, checks } = await rp.request(extra);
  await browser.open(url);
  if (extra['prompt'] === 'consent') await browser.submit({ action: 'allow' });
  const code = new URL(browser.page.url).searchParams.get('code') ?? '';
  assert.ok(code, browser.page.url);
  return { grant_type: 'authorization_code', code, redirect_uri: rp.redirectUri, code_verifier: String(checks.pkceCodeVerifier) };
}

const ask = (rp: Registered, form: Record<string, string>, headers: Record<string, string> = { Authorization: basic(rp) }): Promise<Response> =>
  fetch(`${s.origin}/token`, { method: 'POST', headers, body: new URLSearchParams(form) });

type Tokens = { readonly access_token: string; readonly refresh_token: string };
async function tokensOf(answer: Promise<Response>): Promise<Tokens> {
  const response = await answer;
  const body = (await response.json()) as Tokens;
  assert.equal(response.status, 200, JSON.stringify(body));
  return body;
}
const refreshable = (rp: Registered): Promise<Record<string, string>> => codeOf(rp, { scope: 'openid offline_access', prompt: 'consent' });
const refresh = (rp: Registered, { refresh_token }: Tokens): Promise<Response> => ask(rp, { grant_type: 'refresh_token', refresh_token });

/** The token endpoint with a proof of possession, right or wrong. */
const prove = async (rp: Registered, form: Record<string, string>, key: ProofKey, change: ProofChange = {}): Promise<Response> =>
  ask(rp, form, { Authorization: basic(rp), DPoP: await proofOf(key, 'POST', `${s.origin}/token`, change) });

const look = (headers: Record<string, string>): Promise<Response> => fetch(`${s.origin}/me`, { headers });
/** Userinfo with a token of the client with DPoP, and a proof, right or wrong; `first` sees what will be sent. */
async function lookBound(change: ProofChange = {}, first: (headers: Record<string, string>) => unknown = () => {}): Promise<Response> {
  const key = await newProofKey();
  const { access_token } = await tokensOf(prove(bound, await codeOf(bound), key));
  const proof = await proofOf(key, 'GET', `${s.origin}/me`, { ...change, claims: { ath: hashOf(access_token), ...change.claims } });
  const headers = { Authorization: `DPoP ${access_token}`, DPoP: proof };
  await first(headers);
  return look(headers);
}

async function assertion(claims: JWTPayload, key: CryptoKey = keyed.key): Promise<Response> {
  const now = Math.floor(Date.now() / 1000);
  const id = idOf(keyed.rp);
  const client_assertion = await new SignJWT({ iss: id, sub: id, aud: s.origin, jti: randomUUID(), iat: now, exp: now + 60, ...claims })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(key);
  return ask(keyed.rp, { grant_type: 'authorization_code', code: 'x', client_id: id, client_assertion, client_assertion_type: ASSERTION }, {});
}

async function device(): Promise<{ readonly poll: () => Promise<Response> }> {
  const rp = await register(s, { grant_types: [DEVICE], redirect_uris: [] });
  const { device_code } = await oidc.initiateDeviceAuthorization(rp.configuration, { scope: 'openid' });
  return { poll: () => ask(rp, { grant_type: DEVICE, device_code }) };
}

const speaking = (from: Started, language: Language): Browser => {
  const made = from.browser();
  made.plant('lang', language);
  return made;
};

/** A server of its own with small limits, for one page. */
async function crowded(env: Record<string, string>, crowd: (small: Started) => Promise<Page>): Promise<Page> {
  const small = await start(env);
  try {
    return await crowd(small);
  } finally {
    await small.close();
  }
}

// ── The table ──────────────────────────────────────────────────────────────────────────────────────────────────────

const front = (rp: Registered, changed: Record<string, string>) => async (from: Browser) => from.open((await rp.request(changed)).url);

const CASES: readonly Case[] = [
  { error: 'page', at: 'authorization', why: 'client_id unknown', page: (from) => front(app, { client_id: 'nobody' })(from) },
  { error: 'page', at: 'authorization', why: 'a slash at the end', page: (from) => front(app, { redirect_uri: `${app.redirectUri}/` })(from) },
  { error: 'page', at: 'authorization', why: 'another port', page: (from) => front(app, { redirect_uri: app.redirectUri.replace(':9/', ':10/') })(from) },
  {
    error: 'page',
    at: 'authorization',
    why: 'another case',
    page: (from) => front(app, { redirect_uri: app.redirectUri.replace('/client', '/Client') })(from),
  },
  {
    error: 'invalid_request',
    at: 'authorization',
    why: 'no PKCE',
    description: /PKCE/,
    see: () => authorize(app, { code_challenge: '', code_challenge_method: '' }),
  },
  { error: 'login_required', at: 'authorization', why: 'nobody signed in', see: () => authorize(app, { prompt: 'none' }, { from: s.browser() }) },
  {
    error: 'consent_required',
    at: 'authorization',
    why: 'a third party that nobody allowed anything',
    see: async () => authorize(await register(s, { first_party: false }), { prompt: 'none' }),
  },
  {
    error: 'interaction_required',
    at: 'authorization',
    why: 'a native app of a third party, although allowed before',
    async see() {
      const rp = await register(s, { first_party: false, application_type: 'native' });
      await authorize(rp, {}, { do: (from) => from.submit({ action: 'allow' }) });
      return authorize(rp, { prompt: 'none' });
    },
  },
  {
    error: 'access_denied',
    at: 'authorization',
    why: 'the person said no',
    see: async () => authorize(await register(s, { first_party: false }), {}, { do: (from) => from.submit({ action: 'deny' }) }),
  },
  {
    error: 'invalid_scope',
    at: 'authorization',
    why: 'a scope that is not the client’s',
    see: async () => authorize(await register(s, { scope: 'openid profile' }), { scope: 'openid national_id' }),
  },
  { error: 'invalid_target', at: 'authorization', why: 'API not registered', see: () => authorize(app, { resource: 'https://nowhere.example.test/' }) },
  { error: 'invalid_target', at: 'authorization', why: 'not in resources', see: () => authorize(bound, { resource: RECORDS, scope: 'openid record:read' }) },
  {
    error: 'invalid_target',
    at: 'token',
    why: 'API not registered',
    see: () => ask(app, { grant_type: 'client_credentials', resource: 'https://nowhere.example.test/' }),
  },
  {
    error: 'invalid_target',
    at: 'token',
    why: 'not in resources',
    async see() {
      const rp = await register(s, { grant_types: ['client_credentials'], redirect_uris: [] });
      return ask(rp, { grant_type: 'client_credentials', resource: RECORDS });
    },
  },
  { error: 'unsupported_response_type', at: 'authorization', why: 'implicit', see: () => authorize(app, { response_type: 'token' }) },
  { error: 'unsupported_response_type', at: 'authorization', why: 'hybrid', see: () => authorize(app, { response_type: 'code id_token' }) },
  {
    error: 'request_uri_not_supported',
    at: 'authorization',
    why: 'the address of a request',
    see: () => authorize(app, { request_uri: 'https://client.example.test/request' }),
  },
  {
    error: 'unmet_authentication_requirements',
    at: 'authorization',
    why: 'level 2 without SMS',
    see: async () => authorize(await register(s, { sms_forbidden: true }), { acr_values: 'urn:profile:2' }),
  },
  {
    error: 'invalid_client',
    at: 'token',
    why: 'wrong secret',
    see: () => ask(app, { grant_type: 'client_credentials' }, { Authorization: basic(app, 'no') }),
  },
  {
    error: 'invalid_client',
    at: 'token',
    why: 'no secret',
    see: () => ask(app, { grant_type: 'client_credentials', client_id: idOf(app) }, {}),
  },
  {
    error: 'invalid_client',
    at: 'token',
    why: 'a secret where a key is registered',
    see: () => ask(keyed.rp, { grant_type: 'authorization_code', code: 'x', client_id: idOf(keyed.rp), client_secret: SECRET }, {}),
  },
  { error: 'invalid_client', at: 'token', why: 'assertion for another server', see: () => assertion({ aud: 'https://elsewhere.example.test' }) },
  { error: 'invalid_client', at: 'token', why: 'assertion by an unknown key', see: async () => assertion({}, (await keyPair()).key) },
  {
    error: 'invalid_client_metadata',
    at: 'token',
    why: 'keys demanded, none registered',
    description: /jwks/,
    async see() {
      await s.stores.durable.clients.seed([
        {
          clientId: 'contradiction',
          metadata: {
            client_id: 'contradiction',
            names: { fa: 'ناسازگار', en: 'Contradiction' },
            first_party: true,
            redirect_uris: [app.redirectUri],
            token_endpoint_auth_method: 'private_key_jwt',
          },
        },
      ]);
      return ask(app, { grant_type: 'authorization_code', code: 'x', client_id: 'contradiction' }, {});
    },
  },
  {
    error: 'invalid_grant',
    at: 'token',
    why: 'code used',
    async see() {
      const form = await codeOf(app);
      await tokensOf(ask(app, form));
      return ask(app, form);
    },
  },
  {
    error: 'invalid_grant',
    at: 'token',
    why: 'code older than 60 seconds',
    async see() {
      const form = await codeOf(app);
      await s.pass(61);
      return ask(app, form);
    },
  },
  { error: 'invalid_grant', at: 'token', why: 'code of another client', see: async () => ask(app, await codeOf(bound)) },
  { error: 'invalid_grant', at: 'token', why: 'wrong verifier', see: async () => ask(app, { ...(await codeOf(app)), code_verifier: 'v'.repeat(43) }) },
  {
    error: 'invalid_grant',
    at: 'token',
    why: 'wrong redirect address',
    see: async () => ask(app, { ...(await codeOf(app)), redirect_uri: `${app.redirectUri}/` }),
  },
  {
    error: 'invalid_grant',
    at: 'token',
    why: 'refresh token used twice',
    async see() {
      const tokens = await tokensOf(ask(app, await refreshable(app)));
      await tokensOf(refresh(app, tokens));
      return refresh(app, tokens);
    },
  },
  {
    error: 'invalid_grant',
    at: 'token',
    why: 'password changed',
    async see() {
      const tokens = await tokensOf(ask(app, await refreshable(app)));
      await s.pass(2);
      const own = s.browser();
      await signIn(own, person);
      await own.open('/account/password');
      await own.submit({ currentPassword: PASSWORD, newPassword: `${PASSWORD}-dovom` });
      await own.open('/account/password');
      await own.submit({ currentPassword: `${PASSWORD}-dovom`, newPassword: PASSWORD });
      return refresh(app, tokens);
    },
  },
  { error: 'invalid_grant', at: 'token', why: 'a bound client without a proof', see: async () => ask(bound, await codeOf(bound)) },
  {
    error: 'invalid_grant',
    at: 'token',
    why: 'a proof used twice',
    async see() {
      const headers = { Authorization: basic(bound), DPoP: await proofOf(await newProofKey(), 'POST', `${s.origin}/token`) };
      await tokensOf(ask(bound, await codeOf(bound), headers));
      return ask(bound, await codeOf(bound), headers);
    },
  },
  ...(
    [
      ['not a proof', 'a.b.c'],
      ['htm of another method', { claims: { htm: 'PUT' } }],
      ['htu of another address', { claims: { htu: 'https://elsewhere.example.test/token' } }],
    ] as const
  ).flatMap(([why, change]): Case[] => [
    {
      error: 'invalid_dpop_proof',
      at: 'token',
      why,
      see: async () =>
        typeof change === 'string'
          ? ask(bound, await codeOf(bound), { Authorization: basic(bound), DPoP: change })
          : prove(bound, await codeOf(bound), await newProofKey(), change),
    },
    {
      error: 'invalid_dpop_proof',
      at: 'userinfo',
      why,
      see: () => (typeof change === 'string' ? lookBound({}, (headers) => Object.assign(headers, { DPoP: change })) : lookBound(change)),
    },
  ]),
  {
    error: 'use_dpop_nonce',
    at: 'token',
    why: 'a client that is registered so',
    async see() {
      const rp = await register(s, { dpop_bound_access_tokens: true, dpop_nonce: true });
      return prove(rp, await codeOf(rp), await newProofKey());
    },
  },
  {
    error: 'use_dpop_nonce',
    at: 'token',
    why: 'a clock that is off',
    see: async () => prove(bound, await codeOf(bound), await newProofKey(), { claims: { iat: 1 } }),
  },
  { error: 'use_dpop_nonce', at: 'userinfo', why: 'a clock that is off', see: () => lookBound({ claims: { iat: 1 } }) },
  {
    error: 'invalid_token',
    at: 'userinfo',
    why: 'token ended',
    async see() {
      const { access_token } = await tokensOf(ask(app, await codeOf(app)));
      await s.pass(901);
      return look({ Authorization: `Bearer ${access_token}` });
    },
  },
  {
    error: 'unauthorized_client',
    at: 'token',
    why: 'a grant type that is not registered',
    see: () => ask(bound, { grant_type: 'client_credentials' }),
  },
  ...(['introspection', 'revocation'] as const).map(
    (at): Case => ({
      error: 'unsupported_token_type',
      at,
      why: 'a JWT access token',
      async see() {
        const { access_token: token } = await tokensOf(ask(app, await codeOf(app, { scope: 'openid record:read', resource: RECORDS })));
        return fetch(`${s.origin}/token/${at}`, { method: 'POST', headers: { Authorization: basic(app) }, body: new URLSearchParams({ token }) });
      },
    }),
  ),
  {
    error: 'invalid_token',
    at: 'userinfo',
    why: 'a token for an API',
    async see() {
      const { access_token } = await tokensOf(ask(app, await codeOf(app, { scope: 'openid record:read', resource: RECORDS })));
      return look({ Authorization: `Bearer ${access_token}` });
    },
  },
  {
    error: 'invalid_token',
    at: 'userinfo',
    why: 'a bound one without its proof',
    async see() {
      const { access_token } = await tokensOf(prove(bound, await codeOf(bound), await newProofKey()));
      return look({ Authorization: `Bearer ${access_token}` });
    },
  },
  { error: 'invalid_token', at: 'userinfo', why: 'a proof used twice', see: () => lookBound({}, look) },
  { error: 'authorization_pending', at: 'token', why: 'the person has not decided', see: async () => (await device()).poll() },
  {
    error: 'slow_down',
    at: 'token',
    why: 'a device asks too fast',
    async see() {
      const { poll } = await device();
      await poll();
      return poll();
    },
  },
  {
    error: 'expired_token',
    at: 'token',
    why: 'nobody decided in time',
    async see() {
      const { poll } = await device();
      await s.pass(601);
      return poll();
    },
  },
  {
    error: '429',
    at: 'pages',
    why: 'too many codes of devices typed',
    page: (language) =>
      crowded({ LIMIT_DEVICE_CODES_PER_ADDRESS: '1' }, async (small) => {
        const guesser = speaking(small, language);
        const { text } = await guesser.open('/device');
        const xsrf = /name="xsrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
        for (let tries = 0; tries < 2; tries += 1) await guesser.submit({ xsrf, user_code: 'BBBB-BBBB' }, `${small.origin}/device`);
        return guesser.page;
      }),
  },
  {
    error: '503',
    at: 'pages',
    why: 'more people sign in at once than passwords can be compared',
    page: (language) =>
      crowded({ LIMIT_HASH_QUEUE: '1' }, async (small) => {
        // Strangers, each another one: a password is compared for them too, and none of them has to wait for wrong pairs.
        const crowd = small.simulators.world.people.slice(0, 30).map(({ code }) => ({ code, from: speaking(small, language) }));
        for (const { from } of crowd) await from.open('/sign-in');
        for (let rounds = 0; rounds < 4; rounds += 1) {
          const seen = await Promise.all(crowd.map(({ code, from }) => from.submit({ identifier: code, password: PASSWORD })));
          const busy = seen.find(({ status }) => status === 503);
          if (busy) return busy;
        }
        throw new Error('nobody was turned away');
      }),
  },
];

// ── What is seen ───────────────────────────────────────────────────────────────────────────────────────────────────

const titleOf = (language: Language): string => {
  const title = /"client-request": \{ "title": "([^"]+)"/.exec(readFileSync(`locales/${language}.json`, 'utf8'))?.[1];
  assert.ok(title);
  return title;
};

/** A page of ours for a person: in their language, with a reference that the log knows. */
function assertPage({ text, headers }: Page, language: Language, logged?: readonly string[]): void {
  assert.match(headers.get('content-type') ?? '', /^text\/html/);
  assert.match(text, new RegExp(`<html[^>]*lang="${language}"`));
  const reference = REFERENCE.exec(text.replace(/<[^>]+>/g, ' '))?.[0];
  assert.ok(reference, 'a reference');
  if (logged)
    assert.ok(
      logged.some((line) => line.includes(reference)),
      'the log knows the reference',
    );
}

/** RFC 6749 §4.1.2.1, RFC 9207: at the redirect address, with the state that was sent, and our name. */
function assertRedirected({ page: { url }, to, state }: Redirected, { error, description = /\S/ }: Case): void {
  const end = new URL(url.replace('#', '?'));
  assert.equal(end.origin + end.pathname, to, url);
  const { error_description: said = '', scope: _, ...rest } = Object.fromEntries(end.searchParams);
  assert.deepEqual(rest, { error, state, iss: s.origin });
  assert.match(said || error, description);
}

/** RFC 6749 §5.2; RFC 6750 §3 and RFC 9449 §7.1 at userinfo. */
async function assertJson(response: Response, { at, error, description = /\S/ }: Case): Promise<void> {
  const text = await response.text();
  const body = JSON.parse(text) as { error: string; error_description?: string };
  assert.equal(body.error, error, text);
  assert.match(body.error_description ?? error, description);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.equal(response.status, at === 'userinfo' || error === 'invalid_client' ? 401 : 400);
  if (at === 'userinfo') assert.match(response.headers.get('www-authenticate') ?? '', new RegExp(`error="${error}"`));
  if (error === 'use_dpop_nonce') assert.ok(response.headers.get('dpop-nonce'), 'the nonce to use');
}

for (const one of CASES)
  test(`${one.error} at ${one.at}: ${one.why}`, async () => {
    if (!('page' in one)) {
      if (one.at === 'authorization') assertRedirected(await one.see(), one);
      else await assertJson(await one.see(), one);
      return;
    }
    for (const language of ['fa', 'en'] as const) {
      if (one.at === 'authorization') {
        const page = await one.page(speaking(s, language));
        assert.deepEqual([page.status, new URL(page.url).origin], [400, s.origin]);
        assert.ok(page.text.includes(titleOf(language)));
        assertPage(page, language, s.logged);
      } else {
        const page = await one.page(language);
        assert.equal(String(page.status), one.error);
        assert.match(page.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
        assertPage(page, language);
      }
    }
  });

// ── And nothing that the guides do not say ─────────────────────────────────────────────────────────────────────────

const PLACES: Readonly<Record<string, Place>> = {
  authorization: 'authorization',
  token: 'token',
  userinfo: 'userinfo',
  introspection: 'introspection',
  revocation: 'revocation',
  pages: 'pages',
  درخواست: 'authorization',
  توکن: 'token',
  ابطال: 'revocation',
  صفحه‌ها: 'pages',
};
const westernDigits = (text: string): string => text.replace(/[۰-۹]/g, (digit) => String('۰۱۲۳۴۵۶۷۸۹'.indexOf(digit)));

/** Each `error at place` of the table of errors. */
function promised(path: string): string[] {
  const section = /\n## (?:10|۱۰)\.[\s\S]*?\n## /.exec(readFileSync(path, 'utf8'))?.[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && line.includes('|'));
  return rows.slice(1).flatMap((row) => {
    const [, what = '', where = ''] = row.split('|').map((cell) => westernDigits(cell.trim()));
    const codes = [...what.matchAll(/`([a-z_]+)`|\b(\d{3})\b/g)].map(([, code, status]) => code ?? status ?? '');
    const places = Object.entries(PLACES).flatMap(([word, place]) => (where.includes(word) ? [place] : []));
    assert.ok(places.length, `a place in ${row}`);
    return (codes.length ? codes : ['page']).flatMap((code) => places.map((place) => `${code} at ${place}`));
  });
}

for (const [language, path] of Object.entries(GUIDES))
  test(`every error that ${path} cures is seen above, where it says, and no other`, () => {
    assert.deepEqual(promised(path).sort(), [...new Set(CASES.map(({ error, at }) => `${error} at ${at}`))].sort());
    assert.ok(readFileSync(path, 'utf8').includes(titleOf(language as Language)), 'the title of our page');
  });
