import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { exampleKeys, makeExampleKeys } from '#src/embedded-examples.ts';
import { startFapi } from '../../examples/fapi/app.ts';
import type { Browser } from '../support/browser.ts';
import { seedExamples } from '../support/examples.ts';
import { signedUp } from '../support/signed-up.ts';
import { freePorts } from '../support/spawned.ts';
import { type Started, start } from '../support/start.ts';

let s: Started;
let app: Awaited<ReturnType<typeof startFapi>>;
let key: JWK;
let person: SyntheticPerson;
let browser: Browser;
before(async () => {
  s = await start();
  // The client's address is registered before the app listens there.
  const [port = 0] = await freePorts(1);
  key = (await seedExamples(s, { 'http://localhost:3306': `http://localhost:${port}` })).fapi;
  app = await startFapi({ port, issuer: s.origin, key });
  ({ person, browser } = await signedUp(s));
});
after(async () => {
  await app?.close();
  await s.close();
});

/** The same browser as the app sees it: one cookie, and where it is sent. */
function visitor() {
  let cookie = '';
  return async (address: string) => {
    const answer = await fetch(new URL(address, app.url), { redirect: 'manual', headers: { Cookie: cookie } });
    const [set] = answer.headers.getSetCookie();
    if (set) cookie = set.split(';')[0] ?? '';
    return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() };
  };
}
type Visit = ReturnType<typeof visitor>;

/** From the app through Profile, where the person is signed in, to the address of the answer. */
const answered = async (visit: Visit): Promise<URL> => new URL((await browser.open((await visit('/login')).location)).url);

const signedBy = async (by: JWK, claims: Record<string, unknown>, header: Record<string, unknown>): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ ...header, alg: 'ES256' }).sign(await importJWK(by, 'ES256'));

test('a person signs in, and neither request nor answer can be read or changed on the way', async () => {
  const visit = visitor();
  const { location } = await visit('/login');
  const asked = new URL(location);
  assert.equal(asked.origin + asked.pathname, `${s.origin}/auth`);
  assert.deepEqual([...asked.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  assert.match(asked.searchParams.get('request_uri') ?? '', /^urn:/);

  const answer = new URL((await browser.open(location)).url);
  assert.equal(answer.origin + answer.pathname, `${app.url}/callback`);
  assert.deepEqual([...answer.searchParams.keys()], ['response']);
  const response = answer.searchParams.get('response') ?? '';
  assert.equal(decodeProtectedHeader(response).alg, 'ES256');
  assert.deepEqual([decodeJwt(response).iss, decodeJwt(response).aud], [s.origin, 'fapi']);

  assert.equal((await visit(answer.href)).status, 302);
  const page = (await visit('/')).text;
  assert.ok(page.includes(`سلام ${person.firstName} ${person.lastName}`), page);
  assert.equal((await visit(answer.href)).status, 400, 'an answer is accepted once');
  await visit('/logout');
  assert.doesNotMatch((await visit('/')).text, /سلام/);
});

test('an answer that was changed, made up, or meant for another browser is refused', async () => {
  const other = makeExampleKeys().fapi;
  const forged: Readonly<Record<string, (response: string) => Promise<Record<string, string>> | Record<string, string>>> = {
    'another state under the old signature'(response) {
      const [header = '', payload = '', signature = ''] = response.split('.');
      const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), state: 'guess' };
      return { response: [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.') };
    },
    'signed by somebody else': async (response) => ({ response: await signedBy(other, decodeJwt(response), decodeProtectedHeader(response)) }),
    'signed by the app itself, for another issuer': async (response) => ({
      response: await signedBy(key, { ...decodeJwt(response), iss: 'https://evil.example' }, decodeProtectedHeader(response)),
    }),
    'not signed at all'(response) {
      const { code, state, iss } = decodeJwt(response) as Record<string, string>;
      return { code: code ?? '', state: state ?? '', iss: iss ?? '' };
    },
  };
  for (const [what, forge] of Object.entries(forged)) {
    const visit = visitor();
    const answer = await answered(visit);
    const parameters = await forge(answer.searchParams.get('response') ?? '');
    assert.equal((await visit(`/callback?${new URLSearchParams(parameters)}`)).status, 400, what);
    assert.doesNotMatch((await visit('/')).text, /سلام/, what);
  }

  const [mine, yours] = [visitor(), visitor()];
  const answer = await answered(mine);
  await yours('/login');
  assert.equal((await yours(answer.href)).status, 400, 'state of another browser');
  assert.equal((await visitor()(answer.href)).status, 400, 'a browser that asked for nothing');
});

test('Profile takes this client’s requests only signed and pushed, and its token only with the key', async () => {
  const clientKey = { key: (await importJWK(key, 'ES256')) as CryptoKey, kid: key.kid ?? '' };
  const configuration = await oidc.discovery(
    new URL(s.origin),
    'fapi',
    { id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256' },
    oidc.PrivateKeyJwt(clientKey),
    { execute: [oidc.allowInsecureRequests, oidc.useJwtResponseMode] },
  );
  const verifier = oidc.randomPKCECodeVerifier();
  const request = {
    redirect_uri: `${app.url}/callback`,
    scope: 'openid',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
  const refusal = (error: { error?: string; code?: string }): boolean => /^invalid_request/.test(error.error ?? '');
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(configuration, request), refusal, 'pushed but not signed');
  const other = { key: (await importJWK(makeExampleKeys().fapi, 'ES256')) as CryptoKey };
  const forged = await oidc.buildAuthorizationUrlWithJAR(configuration, request, other);
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(configuration, forged.searchParams), refusal, 'signed by somebody else');

  const signed = await oidc.buildAuthorizationUrlWithJAR(configuration, request, clientKey);
  const front = await browser.open(signed.href);
  assert.deepEqual([new URL(front.url).origin, front.status], [s.origin, 400], 'signed but not pushed');

  const DPoP = oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair('ES256'));
  const { href } = await oidc.buildAuthorizationUrlWithPAR(configuration, signed.searchParams, { DPoP });
  const tokens = await oidc.authorizationCodeGrant(configuration, new URL((await browser.open(href)).url), { pkceCodeVerifier: verifier }, undefined, { DPoP });
  assert.equal((await fetch(`${s.origin}/me`, { headers: { Authorization: `Bearer ${tokens.access_token}` } })).status, 401);
});

test('keys are made once; a folder of an earlier version gets those that it lacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-keys-'));
  try {
    const { fapi: _, ...earlier } = makeExampleKeys();
    writeFileSync(join(folder, 'examples.json'), JSON.stringify(earlier));
    const keys = exampleKeys(folder);
    assert.deepEqual([keys.machine, keys.secrets], [earlier.machine, earlier.secrets]);
    assert.equal(keys.fapi['kid'], 'fapi-1');
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'examples.json'), 'utf8')), keys);
    assert.deepEqual(exampleKeys(folder), keys);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
