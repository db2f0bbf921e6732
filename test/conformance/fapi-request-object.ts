import { generateKeyPair, UnsecuredJWT } from 'jose';
import { fapiName } from './fapi-names.ts';
import { assertError, type Claims, good, now, type ObjectMaker } from './fapi-party.ts';
import { type FapiSetting, type Module, skipped } from './plan.ts';

/** Signed request objects (RFC 9101; FAPI 2.0 Message Signing §5.3.1): what the plan of Message Signing has beyond the Security Profile's. */
export function fapiRequestObjectModules(setting: FapiSetting): Readonly<Record<string, Module>> {
  /** Some claims are others, and undefined ones are missing; the whole flow works all the same. */
  const accepted =
    (changed: () => Claims): Module =>
    async () => {
      const { one } = setting;
      const got = await one.code({}, { object: (claims) => one.signObject({ ...claims, ...changed() }) });
      await good(await one.token(one.codeForm(got), got.request.key));
    };
  const refused = async (object: ObjectMaker, ...more: readonly string[]): Promise<void> =>
    assertError((await setting.one.push({}, { object })).response, 'invalid_request_object', ...more);
  const refusedWith =
    (changed: () => Claims): Module =>
    () =>
      refused((claims) => setting.one.signObject({ ...claims, ...changed() }));

  return {
    [fapiName('ensure-request-object-with-multiple-aud-succeeds')]: accepted(() => ({ aud: [setting.s.origin, 'https://other.example', 'invalid'] })),
    [fapiName('ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted')]: accepted(() => ({ nbf: now() + 8 })),
    [fapiName('ensure-request-object-without-exp-fails')]: refusedWith(() => ({ exp: undefined })),
    [fapiName('ensure-request-object-without-nbf-fails')]: refusedWith(() => ({ nbf: undefined })),
    [fapiName('ensure-expired-request-object-fails')]: refusedWith(() => ({ nbf: now() - 3700, exp: now() - 3600 })),
    [fapiName('ensure-request-object-with-bad-aud-fails')]: refusedWith(() => ({ aud: 'https://other.example/' })),
    [fapiName('ensure-request-object-with-exp-over-60-fails')]: refusedWith(() => ({ exp: now() + 70 * 60 })),
    [fapiName('ensure-request-object-with-nbf-over-60-fails')]: refusedWith(() => ({ nbf: now() - 70 * 60 })),
    async [fapiName('ensure-signed-request-object-with-RS256-fails')]() {
      const { privateKey } = await generateKeyPair('RS256');
      await refused((claims) => setting.one.signObject(claims, { key: privateKey, alg: 'RS256' }));
      return skipped('the clients’ keys are ES256, and the suite signs by RS256 with an RSA key only; refused at home');
    },
    [fapiName('ensure-request-object-signature-algorithm-is-not-none')]: () => refused((claims) => new UnsecuredJWT(claims).encode()),
    [fapiName('ensure-request-object-with-invalid-signature-fails')]: () =>
      refused(async (claims) => {
        const [header, payload] = (await setting.one.signObject(claims)).split('.');
        return `${header}.${payload}.${Buffer.alloc(64, 7).toString('base64url')}`;
      }),
    [fapiName('ensure-matching-key-in-authorization-request')]: () =>
      refused((claims) => setting.one.signObject(claims, { key: setting.two.clientKey }), 'invalid_request'),
    async [fapiName('ensure-unsigned-request-at-par-endpoint-fails')]() {
      const { one } = setting;
      const { params } = await one.push();
      await assertError(await one.post('/request', { ...params, ...(await one.authenticated()) }), 'invalid_request');
    },
    [fapiName('par-authorization-request-containing-request_uri')]: refusedWith(() => ({ request_uri: 'urn:ietf:params:oauth:request_uri:something' })),
  };
}
