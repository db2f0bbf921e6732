import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import type { Browser } from '../support/browser.ts';
import { type Registered, register } from '../support/clients.ts';
import { errorOf } from '../support/errors.ts';
import { PASSWORD, signIn, stepOf } from '../support/journey.ts';
import { signedUp } from '../support/signed-up.ts';
import { start } from '../support/start.ts';

/** What an administrator sets for one client and no other. */
const s = await start();
const { person, browser } = await signedUp(s);
after(() => s.close());

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const THIRD = { first_party: false };

/** Tokens of a whole sign-in; `act` is what the person does when a page asks. */
async function tokensOf(rp: Registered, extra: Readonly<Record<string, string>> = {}, from: Browser = browser) {
  const { url, checks } = await rp.request(extra);
  let page = await from.open(url);
  if (page.status === 200 && stepOf(page) === 'consent') page = await from.submit({ action: 'allow' });
  return oidc.authorizationCodeGrant(rp.configuration, new URL(page.url), checks);
}

test('grants: what is not registered is refused wherever it is asked for', async () => {
  const plain = await register(s, { grant_types: ['authorization_code'] });
  const tokens = await tokensOf(plain, { scope: 'openid profile', prompt: 'consent' });
  assert.equal(tokens.refresh_token, undefined);
  assert.equal(await errorOf(oidc.refreshTokenGrant(plain.configuration, 'whatever')), 'unauthorized_client');
  assert.equal(await errorOf(oidc.clientCredentialsGrant(plain.configuration)), 'unauthorized_client');
  assert.equal(await errorOf(oidc.genericGrantRequest(plain.configuration, DEVICE, { device_code: 'x' })), 'unauthorized_client');
  assert.equal(await errorOf(oidc.initiateDeviceAuthorization(plain.configuration, { scope: 'openid' })), 'unauthorized_client');
  const machine = await register(s, { grant_types: ['client_credentials'], redirect_uris: [] });
  assert.equal(await errorOf(oidc.clientCredentialsGrant(machine.configuration)), 'no error');
  assert.equal((await s.browser().open((await machine.request()).url)).status, 400);
});

test('consent: never asked of a first party, once of a third, each time where the client wants it', async () => {
  const asks = async (rp: Registered): Promise<boolean> => {
    const page = await browser.open((await rp.request()).url);
    const asked = page.status === 200 && stepOf(page) === 'consent';
    if (asked) {
      assert.doesNotMatch(page.text, /اطلاعات بیشتری/);
      await browser.submit({ action: 'allow' });
    }
    assert.match(browser.page.url, /[?&]code=/);
    return asked;
  };
  for (const [fields, expected] of [
    [{}, [false, false]],
    [{ consent: 'once' }, [true, false]],
    [{ consent: 'always' }, [true, true]],
    [THIRD, [true, false]],
    [{ ...THIRD, consent: 'always' }, [true, true]],
  ] as const) {
    const rp = await register(s, fields);
    assert.deepEqual([await asks(rp), await asks(rp)], expected, JSON.stringify(fields));
    const silent = new URL((await browser.open((await rp.request({ prompt: 'none' })).url)).url).searchParams.get('error');
    assert.equal(silent, expected[1] ? 'consent_required' : null, `without a page: ${JSON.stringify(fields)}`);
  }
});

test('sector: two third parties of one know a person by one subject, of two by two, and a first party by a third one', async () => {
  const subjectAt = async (fields: Readonly<Record<string, unknown>>) => (await tokensOf(await register(s, fields))).claims()?.sub;
  const [one, two, other, first] = [
    await subjectAt({ ...THIRD, pairwise_sector: 'clinics' }),
    await subjectAt({ ...THIRD, pairwise_sector: 'clinics' }),
    await subjectAt({ ...THIRD, pairwise_sector: 'banks' }),
    await subjectAt({}),
  ];
  assert.equal(one, two);
  assert.equal(new Set([one, other, first]).size, 3);
});

test('lifetime: a refresh token of a client may end sooner than others', async () => {
  const [short, long] = [await register(s, { refresh_token_lifetime: 600 }), await register(s)];
  const own = s.browser();
  await signIn(own, person, PASSWORD);
  const wanted = { scope: 'openid offline_access', prompt: 'consent' };
  const tokens = [await tokensOf(short, wanted, own), await tokensOf(long, wanted, own)];
  await s.pass(700);
  const after700 = [short, long].map((rp, index) => errorOf(oidc.refreshTokenGrant(rp.configuration, tokens[index]?.refresh_token ?? '')));
  assert.deepEqual(await Promise.all(after700), ['invalid_grant', 'no error']);
});

test('userinfo: signed for a client that is registered so', async () => {
  const rp = await register(s, { userinfo_signed_response_alg: 'PS256' });
  const { access_token: token, claims } = await tokensOf(rp);
  const answer = await fetch(`${s.origin}/me`, { headers: { Authorization: `Bearer ${token}` } });
  assert.match(answer.headers.get('content-type') ?? '', /^application\/jwt/);
  const { payload, protectedHeader } = await jwtVerify(await answer.text(), createRemoteJWKSet(new URL(`${s.origin}/jwks`)), {
    issuer: s.origin,
    audience: String(rp.configuration.clientMetadata().client_id),
  });
  assert.equal(protectedHeader.alg, 'PS256');
  assert.deepEqual([payload.sub, payload['given_name']], [claims()?.sub, person.firstName]);
});
