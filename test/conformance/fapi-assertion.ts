import assert from 'node:assert/strict';
import { generateKeyPair } from 'jose';
import { fapiName } from './fapi-names.ts';
import { type AssertionChange, assertError, good, now } from './fapi-party.ts';
import { type FapiSetting, type Module, skipped } from './plan.ts';

/** Client authentication by private_key_jwt (RFC 7523 §3; FAPI 2.0 §5.3.2.1). */
export function fapiAssertionModules(setting: FapiSetting): Readonly<Record<string, Module>> {
  const tokenRefused =
    (change: () => AssertionChange | Promise<AssertionChange>, ...errors: readonly string[]): Module =>
    async () => {
      const { one } = setting;
      const got = await one.code();
      await assertError(await one.token(one.codeForm(got), got.request.key, { change: await change() }), ...errors);
    };
  const pushRefused =
    (claims: () => Readonly<Record<string, unknown>>): Module =>
    async () =>
      assertError((await setting.one.push({}, { change: { claims: claims() } })).response, 'invalid_client', 'invalid_request');

  return {
    async [fapiName('ensure-signed-client-assertion-with-RS256-fails')]() {
      await tokenRefused(async () => ({ alg: 'RS256', key: (await generateKeyPair('RS256')).privateKey }), 'invalid_client')();
      return skipped('the clients’ keys are ES256, and the suite signs by RS256 with an RSA key only; refused at home');
    },
    async [fapiName('ensure-client-assertion-in-token-endpoint')]() {
      const { one } = setting;
      const got = await one.code();
      const none = { client_assertion: undefined, client_assertion_type: undefined };
      await assertError(await one.token({ ...one.codeForm(got), ...none }, got.request.key), 'invalid_client', 'invalid_request');
    },
    [fapiName('ensure-client-assertion-with-exp-is-5-minutes-in-past-fails')]: tokenRefused(
      () => ({ claims: { iat: now() - 360, exp: now() - 300 } }),
      'invalid_client',
    ),
    [fapiName('ensure-client-assertion-with-wrong-aud-fails')]: tokenRefused(() => ({ claims: { aud: 'https://other.example' } }), 'invalid_client'),
    [fapiName('ensure-client-assertion-with-no-sub-fails')]: tokenRefused(() => ({ claims: { sub: undefined } }), 'invalid_client', 'invalid_request'),
    async [fapiName('par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted')]() {
      const { one } = setting;
      const ahead = { claims: { iat: now() + 8, nbf: now() + 8, exp: now() + 68 } };
      const got = await one.code({}, { change: ahead });
      const tokens = await good(await one.token(one.codeForm(got), got.request.key));
      assert.equal((await one.resource(tokens.access_token, got.request.key)).status, 200);
    },
    [fapiName('par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails')]: pushRefused(() => ({
      iat: now() + 70,
      nbf: now() + 70,
      exp: now() + 130,
    })),
    [fapiName('par-test-array-as-audience-fails')]: pushRefused(() => ({ aud: [setting.s.origin] })),
    [fapiName('par-test-par-endpoint-url-as-audience-fails')]: pushRefused(() => ({ aud: `${setting.s.origin}/request` })),
    [fapiName('par-test-token-endpoint-url-as-audience-fails')]: pushRefused(() => ({ aud: `${setting.s.origin}/token` })),
  };
}
