import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { decodeJwt, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import type { Browser, Page } from '../support/browser.ts';
import type { Started } from '../support/start.ts';
import { discovered } from './discovery.ts';
import { type Module, review, runPlan } from './plan.ts';
import { arrived, assertErrorPage, formOf, type Params, type RelyingParty, relyingParty, SUITE, startConformance } from './relying-party.ts';

let s: Started;
let rp: RelyingParty;
before(async () => {
  s = await startConformance();
  rp = await relyingParty(s, 'conformance-1');
});
after(() => s.close());

const BACK = `${SUITE}/post_logout_redirect`;
const STATE = 'state-of-the-logout';

/** A signed-in browser at the end-session endpoint; `ask` makes the request from the ID token. */
async function atEnd(ask: (idToken: string) => Params | Promise<Params>): Promise<{ browser: Browser; page: Page }> {
  const browser = s.browser();
  const { tokens } = await rp.signIn(browser);
  const params = Object.entries(await ask(tokens.id_token ?? '')).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { browser, page: await browser.open(`/session/end?${new URLSearchParams(params)}`) };
}

/** The page that asks whether one wants to sign out; then, yes. */
async function confirm(browser: Browser): Promise<Page> {
  const { page } = browser;
  assert.equal(page.status, 200, page.text);
  assert.match(page.text, /<h1>خروج از سامانه<\/h1>/);
  const { action, fields } = formOf(page);
  return browser.submit({ ...fields, logout: 'yes' }, new URL(action, s.origin).href);
}

/** What a silent request gets: the error, or undefined when the browser is still signed in. */
async function silently(browser: Browser): Promise<string | undefined> {
  return arrived(await rp.open(browser, rp.request({ prompt: 'none' }))).params.get('error') ?? undefined;
}

const all = (idToken: string): Params => ({ id_token_hint: idToken, post_logout_redirect_uri: BACK, state: STATE });

/** Nobody is sent anywhere, and a page says that the request is wrong; the session stands. */
const refused =
  (ask: (idToken: string) => Params | Promise<Params>): Module =>
  async () => {
    const { browser, page } = await atEnd(ask);
    assertErrorPage(page);
    assert.equal(await silently(browser), undefined);
    return review('an error page');
  };

/** Signed out, and told so on a page of ours. */
const signedOut =
  (ask: (idToken: string) => Params): Module =>
  async () => {
    const { browser } = await atEnd(ask);
    const page = await confirm(browser);
    assert.equal(page.status, 200);
    assert.match(page.text, /از سامانه خارج شدید/);
    assert.equal(new URL(page.url).origin, s.origin);
    assert.equal(await silently(browser), 'login_required');
    return review('the page that says one is signed out');
  };

/** Signed out, and sent back. */
const sentBack =
  (ask: (idToken: string) => Params, state: string | null): Module =>
  async () => {
    const { browser } = await atEnd(ask);
    const { url } = await confirm(browser);
    assert.ok(url === BACK || url.startsWith(`${BACK}?`), url);
    assert.equal(new URL(url).searchParams.get('state'), state);
    assert.equal(await silently(browser), 'login_required');
  };

async function signedByAnother(idToken: string): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256');
  return new SignJWT(decodeJwt(idToken)).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
}

runPlan('oidcc-rp-initiated-logout-certification-test-plan', {
  async 'oidcc-rp-initiated-logout-discovery-endpoint-verification'() {
    assert.equal((await discovered(s))['end_session_endpoint'], `${s.origin}/session/end`);
  },
  'oidcc-rp-initiated-logout': sentBack(all, STATE),
  'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri': refused((idToken) => ({ ...all(idToken), post_logout_redirect_uri: `${BACK}/other` })),
  'oidcc-rp-initiated-logout-modified-id-token-hint': refused((idToken) => ({ ...all(idToken), id_token_hint: new UnsecuredJWT(decodeJwt(idToken)).encode() })),
  async 'oidcc-rp-initiated-logout-no-id-token-hint'() {
    // Nobody knows who asks: the person decides, and is sent nowhere.
    await signedOut((idToken) => ({ ...all(idToken), id_token_hint: undefined }))();
    return review('a page asks, and nobody is sent back');
  },
  'oidcc-rp-initiated-logout-no-params': signedOut(() => ({})),
  'oidcc-rp-initiated-logout-no-post-logout-redirect-uri': signedOut((idToken) => ({ ...all(idToken), post_logout_redirect_uri: undefined })),
  'oidcc-rp-initiated-logout-no-state': sentBack((idToken) => ({ ...all(idToken), state: undefined }), null),
  'oidcc-rp-initiated-logout-only-state': signedOut(() => ({ state: STATE })),
  'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri': refused((idToken) => ({
    ...all(idToken),
    post_logout_redirect_uri: `${BACK}?foo=bar`,
  })),
  'oidcc-rp-initiated-logout-bad-id-token-hint': refused(async (idToken) => ({ ...all(idToken), id_token_hint: await signedByAnother(idToken) })),
});
