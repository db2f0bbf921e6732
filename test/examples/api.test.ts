import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { PENSIONS, type RunningApi, startApi } from '../../examples/api/app.ts';
import { seedExamples } from '../support/examples.ts';
import { signedUp } from '../support/signed-up.ts';
import { type Started, start } from '../support/start.ts';

const AUDIENCE = 'https://pensions.example/api';
let s: Started;
let api: RunningApi;
let other: RunningApi;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let bound: string;
let opaque: string;
let idToken: string;
before(async () => {
  s = await start();
  await seedExamples(s);
  const calls = { ...PENSIONS, '/more': { scope: 'pensions.write', answer: () => ({}) } };
  api = await startApi({ port: 0, issuer: s.origin, audience: AUDIENCE, origins: ['http://localhost:3301'], calls });
  other = await startApi({ port: 0, issuer: s.origin, audience: 'https://payments.example/api', calls });
  keys = await generateKeyPair('ES256', { extractable: true });
  const { browser } = await signedUp(s);
  const configuration = await oidc.discovery(new URL(s.origin), 'spa', { id_token_signed_response_alg: 'ES256' }, oidc.None(), {
    execute: [oidc.allowInsecureRequests],
  });
  const DPoP = oidc.getDPoPHandle(configuration, keys as unknown as oidc.CryptoKeyPair);
  const tokens = async (extra: Record<string, string>) => {
    const verifier = oidc.randomPKCECodeVerifier();
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: 'http://localhost:3301/',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      scope: 'openid profile pensions.read',
      ...extra,
    });
    const { url: back } = await browser.open(url.href);
    return oidc.authorizationCodeGrant(configuration, new URL(back), { pkceCodeVerifier: verifier }, undefined, { DPoP });
  };
  const forApi = await tokens({ resource: AUDIENCE });
  [bound, idToken] = [forApi.access_token, forApi.id_token ?? ''];
  opaque = (await tokens({ scope: 'openid profile' })).access_token;
});
after(async () => {
  await api.close();
  await other.close();
  await s.close();
});

type Changed = { readonly htm?: string; readonly htu?: string; readonly ath?: string; readonly iat?: number; readonly jti?: string; readonly typ?: string };
async function proof(changed: Changed = {}, pair = keys): Promise<string> {
  const { typ = 'dpop+jwt', ...claims } = changed;
  const payload = { htm: 'GET', htu: `${api.url}/history`, ath: createHash('sha256').update(bound).digest('base64url'), jti: randomUUID(), ...claims };
  const jwk = await exportJWK(pair.publicKey);
  return new SignJWT({ iat: Math.floor(Date.now() / 1000), ...payload }).setProtectedHeader({ alg: 'ES256', typ, jwk }).sign(pair.privateKey);
}

const call = async (headers: Record<string, string>, path = '/history', where = api) => {
  const answer = await fetch(where.url + path, { headers });
  return { status: answer.status, challenge: answer.headers.get('www-authenticate') ?? '', body: (await answer.json()) as { error?: string; caller?: object } };
};

test('a bound token with a fresh proof of its key is let through, whatever the query', async () => {
  const { status, body } = await call({ Authorization: `DPoP ${bound}`, DPoP: await proof() }, '/history?year=1403');
  assert.equal(status, 200);
  assert.equal((body.caller as { clientId: string }).clientId, 'spa');
});

test('a call without a token is told what is wanted, and a script of the registered origin may read it', async () => {
  const { status, challenge } = await call({ Origin: 'http://localhost:3301' });
  assert.equal(status, 401);
  assert.equal(challenge, 'Bearer, DPoP algs="ES256 PS256 EdDSA"');
  const preflight = async (origin: string) => (await fetch(`${api.url}/history`, { method: 'OPTIONS', headers: { Origin: origin } })).headers;
  assert.equal((await preflight('http://localhost:3301')).get('access-control-allow-origin'), 'http://localhost:3301');
  assert.equal((await preflight('http://elsewhere.example')).get('access-control-allow-origin'), null);
});

test('every proof that is not of this call is refused', async () => {
  const stranger = await generateKeyPair('ES256', { extractable: true });
  const once = await proof();
  assert.equal((await call({ Authorization: `DPoP ${bound}`, DPoP: once })).status, 200);
  const wrong: Record<string, string> = {
    'seen before': once,
    none: '',
    'another method': await proof({ htm: 'POST' }),
    'another address': await proof({ htu: `${other.url}/history` }),
    'another token': await proof({ ath: createHash('sha256').update('another').digest('base64url') }),
    old: await proof({ iat: Math.floor(Date.now() / 1000) - 300 }),
    'of the future': await proof({ iat: Math.floor(Date.now() / 1000) + 300 }),
    'another type': await proof({ typ: 'JWT' }),
    'another key': await proof({}, stranger),
  };
  for (const [what, value] of Object.entries(wrong)) {
    const { status, challenge } = await call({ Authorization: `DPoP ${bound}`, ...(value ? { DPoP: value } : {}) });
    assert.equal(status, 401, what);
    assert.match(challenge, /^DPoP error="invalid_dpop_proof"/, what);
  }
});

test('tokens that are not for this API are refused: bound as plain, opaque, ID token, another audience, forged', async () => {
  const [header, payload, signature = ''] = bound.split('.');
  const forged = [header, payload, signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))].join('.');
  for (const token of [bound, opaque, idToken, 'nonsense']) {
    const { status, challenge } = await call({ Authorization: `Bearer ${token}` });
    assert.equal(status, 401);
    assert.equal(challenge, 'Bearer error="invalid_token"');
  }
  assert.match((await call({ Authorization: `DPoP ${forged}`, DPoP: await proof() })).challenge, /error="invalid_token"/);
  assert.match((await call({ Authorization: `DPoP ${bound}`, DPoP: await proof() }, '/history', other)).challenge, /error="invalid_token"/);
});

test('a scope that the token lacks is 403 and named', async () => {
  const { status, challenge } = await call({ Authorization: `DPoP ${bound}`, DPoP: await proof({ htu: `${api.url}/more` }) }, '/more');
  assert.equal(status, 403);
  assert.match(challenge, /error="insufficient_scope", scope="pensions.write"/);
});
