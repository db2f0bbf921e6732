import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import type { Browser } from '../support/browser.ts';
import { type Registered, register } from '../support/clients.ts';
import { codeFor, PASSWORD, people, signIn, signUp } from '../support/journey.ts';
import { type Started, start } from '../support/start.ts';

const OPERATOR = randomBytes(32).toString('base64url');

let s: Started;
let known: readonly SyntheticPerson[];
before(async () => {
  s = await start({ CONFORMANCE: 'yes', OPERATOR_TOKEN: OPERATOR });
  known = people(s).slice(0, 3);
  for (const person of known) await signUp(s, s.browser(), person);
});
after(() => s.close());
const person = (index: number): SyntheticPerson => known[index] as SyntheticPerson;

/** A relying party that wants to be told, and what it was told; `healthy: false` makes it answer 500. */
async function told(fields: Readonly<Record<string, unknown>> = {}) {
  const state = { tokens: [] as string[], healthy: true };
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      state.tokens.push(new URLSearchParams(body).get('logout_token') ?? '');
      response.writeHead(state.healthy ? 200 : 500).end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  after(() => receiver.close());
  const uri = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/logout`;
  const rp = await register(s, { backchannel_logout_uri: uri, backchannel_logout_session_required: true, ...fields });
  const keys = createRemoteJWKSet(new URL(`${s.origin}/jwks`));
  const judged = async (token: string): Promise<JWTPayload> => {
    assert.equal(decodeProtectedHeader(token).typ, 'logout+jwt');
    const { payload } = await jwtVerify(token, keys, { issuer: s.origin, audience: String(rp.configuration.clientMetadata().client_id) });
    assert.deepEqual(payload['events'], { 'http://schemas.openid.net/event/backchannel-logout': {} });
    assert.equal(payload['nonce'], undefined);
    return payload;
  };
  return { rp, state, payloads: () => Promise.all(state.tokens.map(judged)) };
}

/** The claims of a fresh ID token of whoever is signed in in this browser. */
async function claimsAt(rp: Registered, browser: Browser): Promise<oidc.IDToken> {
  const { url, checks } = await rp.request();
  const end = await browser.open(url);
  const claims = (await oidc.authorizationCodeGrant(rp.configuration, new URL(end.url), checks)).claims();
  assert.ok(claims);
  return claims;
}

async function signedIn(index: number, password = PASSWORD): Promise<Browser> {
  const browser = s.browser();
  await signIn(browser, person(index), password);
  return browser;
}

/** What the operator reads of the notices to this client. */
async function checklistSays(rp: Registered): Promise<string | undefined> {
  const id = String(rp.configuration.clientMetadata().client_id);
  const answer = await fetch(`${s.origin}/api/clients/${id}/checklist`, { headers: { Authorization: `Bearer ${OPERATOR}` } });
  const { rows } = (await answer.json()) as { rows: readonly { item: string; detail: { code: string } }[] };
  return rows.find(({ item }) => item === 'back-channel')?.detail.code;
}

const sidsOf = (payloads: readonly JWTPayload[]): unknown[] => payloads.map(({ sid }) => sid).sort();

test('a sign-out tells relying parties through a queue, tries again three times, and never waits for them', async () => {
  const { rp, state, payloads } = await told();
  state.healthy = false;
  const own = await signedIn(0);
  const claims = await claimsAt(rp, own);
  await own.post(`${s.origin}/account/sign-out`, {}, { Origin: s.origin });
  assert.equal(state.tokens.length, 0, 'nobody waited');
  assert.equal(await checklistSays(rp), 'not-tested', 'queued is not told');

  assert.equal(await s.app.tellSignOuts(), 0);
  assert.equal(state.tokens.length, 1);
  assert.equal(await checklistSays(rp), 'notice-failed');
  assert.equal(await s.app.tellSignOuts(), 0, 'not yet due again');
  for (const [seconds, tries] of [
    [6, 2],
    [31, 3],
  ]) {
    await s.pass(seconds ?? 0);
    assert.equal(await s.app.tellSignOuts(), 0);
    assert.equal(state.tokens.length, tries);
  }
  state.healthy = true;
  await s.pass(181);
  assert.equal(await s.app.tellSignOuts(), 1);
  assert.equal(await checklistSays(rp), 'seen');
  const payload = (await payloads()).at(-1);
  assert.equal(payload?.sub, claims.sub);
  assert.equal(payload?.['sid'], claims['sid']);
  await s.pass(1000);
  assert.equal(await s.app.tellSignOuts(), 0, 'told once');
});

test('after the third further try a relying party is given up', async () => {
  const { rp, state } = await told();
  state.healthy = false;
  const own = await signedIn(0);
  await claimsAt(rp, own);
  await own.post(`${s.origin}/account/sign-out`, {}, { Origin: s.origin });
  for (let tries = 0; tries < 6; tries += 1) {
    await s.app.tellSignOuts();
    await s.pass(1000);
  }
  assert.equal(state.tokens.length, 4);
});

test('a change of password ends the sessions of every browser, and relying parties are told of each', async () => {
  const { rp, state, payloads } = await told();
  const browsers = [await signedIn(1), await signedIn(1)];
  const claims = await Promise.all(browsers.map((browser) => claimsAt(rp, browser)));
  const left = await signedIn(1);
  await claimsAt(rp, left);
  await left.post(`${s.origin}/account/sign-out`, {}, { Origin: s.origin });
  await claimsAt(rp, await signedIn(0));
  await s.app.tellSignOuts();
  state.tokens.length = 0;

  const [own] = browsers;
  await own?.open('/account/password');
  await own?.submit({ currentPassword: PASSWORD, newPassword: 'daryache-sabz-boland' });
  assert.equal(state.tokens.length, 0, 'nobody waited');
  assert.equal(await s.app.tellSignOuts(), 2, 'neither the session that had ended nor somebody else’s');
  const got = await payloads();
  assert.deepEqual(sidsOf(got), claims.map((claim) => claim['sid']).sort());
  assert.deepEqual(new Set(got.map(({ sub }) => sub)), new Set([claims[0]?.sub]));
});

test('so does a recovery, to a third party under the subject that it knows', async () => {
  const { rp, payloads } = await told({ first_party: false, consent: 'once' });
  const silent = await register(s);
  const old = await signedIn(2);
  const { url, checks } = await rp.request();
  await old.open(url);
  const end = await old.submit({ action: 'allow' });
  const claims = (await oidc.authorizationCodeGrant(rp.configuration, new URL(end.url), checks)).claims();
  const { sub: publicSubject } = await claimsAt(silent, old);
  await s.pass(61);

  const browser = s.browser();
  await browser.open('/recover');
  await browser.submit({ identifier: person(2).code, method: 'sms' });
  await browser.submit({ code: await codeFor(s, person(2).mobile, 8) });
  await browser.submit({ password: 'daryache-sabz-boland' });
  assert.equal(await s.app.tellSignOuts(), 1);
  const [payload] = await payloads();
  assert.equal(payload?.['sid'], claims?.['sid']);
  assert.equal(payload?.sub, claims?.sub);
  assert.notEqual(payload?.sub, publicSubject);
});

test('a long queue is emptied at once, not twenty notices a second', async () => {
  const { rp, payloads } = await told();
  const clientId = String(rp.configuration.clientMetadata().client_id);
  const sids = Array.from({ length: 45 }, (_, index) => `s${index}`);
  for (const sid of sids) await s.stores.durable.logoutNotices.add({ clientId, subject: 'somebody', sid }, 1);
  assert.equal(await s.app.tellSignOuts(), 45);
  assert.deepEqual(sidsOf(await payloads()), [...sids].sort());
});
