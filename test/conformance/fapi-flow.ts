import assert from 'node:assert/strict';
import { CITIZEN } from '#src/conformance.ts';
import type { Page } from '../support/browser.ts';
import { assertOffers, discovered } from './discovery.ts';
import { throughLibrary } from './fapi-library.ts';
import { fapiName } from './fapi-names.ts';
import { assertError, good, idTokenOf, newProofKey } from './fapi-party.ts';
import { type FapiSetting, type Module, review } from './plan.ts';
import { assertErrorPage, CALLBACK, type Params, passPages, SUITE, stepOf } from './relying-party.ts';

/** Authorization requests and codes: what the profile lets through, and what not (FAPI 2.0 §5.3.2.1, §5.3.2.2). */
export function fapiFlowModules(setting: FapiSetting): Readonly<Record<string, Module>> {
  /** A pushed request that must be refused. */
  const pushRefused =
    (extra: Params, ...errors: readonly string[]): Module =>
    async () =>
      assertError((await setting.one.push(extra)).response, ...errors);
  /** A parameter beside request_uri: the pushed one counts, or the request is refused. */
  const outside = async (name: 'state' | 'nonce', pushed: string | undefined): Promise<void> => {
    const { one, s } = setting;
    const request = await one.pushed({ [name]: pushed });
    const browser = s.browser();
    await one.open(browser, request, { [name]: 'from-outside' });
    const { params } = await one.answered(await passPages(browser, one.secrets));
    assert.equal(params.get('error'), null, String(params));
    assert.equal(params.get('state'), request.params['state'] ?? null);
    const tokens = await good(await one.token(one.codeForm({ request, code: params.get('code') ?? '' }), request.key));
    assert.equal(idTokenOf(tokens)['nonce'], request.params['nonce']);
    assert.equal(idTokenOf(tokens)['s_hash'], undefined);
  };
  const errorOrPage = async (page: Page, ...errors: readonly string[]): Promise<void> => {
    const answer = await setting.one.answerOn(page);
    if (answer) assert.ok(errors.includes(answer.params.get('error') ?? ''), String(answer.params));
    else assertErrorPage(page);
  };
  const withNonce = (length: number): Module => {
    const nonce = 'n'.repeat(length);
    return async () => {
      assert.equal((await setting.one.flow({ nonce })).claims['nonce'], nonce);
    };
  };

  return {
    async [fapiName('discovery-end-point-verification')]() {
      const metadata = await discovered(setting.s);
      assertOffers(metadata, 'response_types_supported', 'code');
      assertOffers(metadata, 'token_endpoint_auth_methods_supported', 'private_key_jwt');
      for (const list of ['token_endpoint_auth_signing_alg_values_supported', 'id_token_signing_alg_values_supported', 'dpop_signing_alg_values_supported'])
        assertOffers(metadata, list, 'PS256', 'ES256', 'EdDSA');
      assert.ok(!(metadata['dpop_signing_alg_values_supported'] as string[]).includes('RS256'));
      assertOffers(metadata, 'code_challenge_methods_supported', 'S256');
      assertOffers(metadata, 'scopes_supported', 'openid');
      assertOffers(metadata, 'subject_types_supported', 'public');
      assert.equal(metadata['authorization_response_iss_parameter_supported'], true);
      if (setting.one.signing) {
        assertOffers(metadata, 'response_modes_supported', 'jwt');
        for (const list of ['authorization_signing_alg_values_supported', 'request_object_signing_alg_values_supported'])
          assertOffers(metadata, list, 'PS256', 'ES256', 'EdDSA');
      }
      assert.equal(metadata['pushed_authorization_request_endpoint'], `${setting.s.origin}/request`);
    },
    async [fapiName('happy-flow')]() {
      await throughLibrary(setting.s, setting.one);
      await throughLibrary(setting.s, setting.two);
      // The second registered address carries a query of its own.
      const { two } = setting;
      const got = await two.code({ redirect_uri: `${CALLBACK}?dummy1=lorem&dummy2=ipsum` });
      assert.equal(got.answer.params.get('dummy2'), 'ipsum');
      await good(await two.token(two.codeForm(got), got.request.key));
    },
    async [fapiName('user-rejects-authentication')]() {
      const { one, s } = setting;
      const request = await one.pushed();
      const browser = s.browser();
      await one.open(browser, request);
      assert.equal(stepOf(browser.page), 'sign-in');
      await browser.submit({ identifier: CITIZEN.identifier.value, password: one.secrets.password });
      assert.equal(stepOf(browser.page), 'consent');
      const { params } = await one.answered(await browser.submit({ action: 'deny' }));
      assert.equal(params.get('error'), 'access_denied');
      assert.equal(params.get('state'), request.params['state']);
      assert.equal(params.get('iss'), s.origin);
    },
    async [fapiName('ensure-authorization-request-without-state-success')]() {
      const { request, claims } = await setting.one.flow({ state: undefined });
      assert.equal(request.params['state'], undefined);
      assert.equal(claims['s_hash'], undefined);
    },
    async [fapiName('ensure-authorization-request-without-nonce-success')]() {
      assert.equal((await setting.one.flow({ nonce: undefined })).claims['nonce'], undefined);
    },
    [fapiName('ensure-authorization-request-with-64-char-nonce-success')]: withNonce(64),
    [fapiName('ensure-authorization-request-with-long-nonce')]: withNonce(384),
    async [fapiName('ensure-authorization-request-with-long-state')]() {
      await setting.one.flow({ state: 's'.repeat(384) });
    },
    async [fapiName('ensure-other-scope-order-succeeds')]() {
      const { tokens } = await setting.one.flow({ scope: 'phone email profile openid' });
      assert.deepEqual(new Set(tokens.scope?.split(' ')), new Set(['openid', 'profile', 'email', 'phone']));
    },
    async [fapiName('test-claims-parameter-identity-claims')]() {
      const { one, s } = setting;
      const supported = ((await discovered(s))['claims_supported'] as string[]).filter(
        (claim) => !['iss', 'sub', 'sid', 'acr', 'amr', 'auth_time'].includes(claim),
      );
      const asked = Object.fromEntries(supported.map((claim, index) => [claim, index % 2 ? null : { essential: true }]));
      const claims = JSON.stringify({ id_token: { ...asked, unknown_claim: null }, userinfo: { ...asked, another_unknown_claim: null } });
      const { tokens, key, claims: inToken } = await one.flow({ claims, scope: 'openid profile email phone national_id' });
      const atUserinfo = (await (await one.resource(tokens.access_token, key)).json()) as Record<string, unknown>;
      for (const claim of supported) {
        assert.notEqual(inToken[claim], undefined, `${claim} in the ID token`);
        assert.notEqual(atUserinfo[claim], undefined, `${claim} at userinfo`);
      }
    },
    [fapiName('ensure-different-nonce-inside-and-outside-request-object')]: () => outside('nonce', 'from-inside'),
    [fapiName('ensure-different-state-inside-and-outside-request-object')]: () => outside('state', 'from-inside'),
    [fapiName('state-only-outside-request-object-not-used')]: () => outside('state', undefined),
    [fapiName('ensure-request-object-without-redirect-uri-fails')]: pushRefused({ redirect_uri: undefined }, 'invalid_request'),
    [fapiName('ensure-redirect-uri-in-authorization-request')]: pushRefused({ redirect_uri: undefined }, 'invalid_request'),
    // RFC 9126 §2.4 would let a server take it; ours does not.
    [fapiName('plain-fapi-tolerate-unregistered-redirect-uri')]: pushRefused(
      { redirect_uri: `${SUITE}/callback/other` },
      'invalid_request',
      'invalid_redirect_uri',
    ),
    async [fapiName('ensure-unsigned-authorization-request-without-using-par-fails')]() {
      const { one, s } = setting;
      const { params } = await one.push();
      await errorOrPage(await s.browser().open(`/auth?${new URLSearchParams({ client_id: one.id, ...params })}`), 'invalid_request');
      return review('an error, here or at the relying party');
    },
    [fapiName('ensure-response-type-code-idtoken-fails')]: pushRefused({ response_type: 'code id_token' }, 'unsupported_response_type', 'invalid_request'),
    [fapiName('ensure-response-type-token-fails')]: pushRefused({ response_type: 'token' }, 'unsupported_response_type', 'invalid_request'),
    async [fapiName('ensure-client-id-in-token-endpoint')]() {
      const { one, two } = setting;
      const got = await one.code();
      // As if it were the second client, but signed by the first one's key.
      const claims = { iss: two.id, sub: two.id };
      await assertError(
        await one.token({ ...one.codeForm(got), client_id: two.id }, got.request.key, { change: { claims } }),
        'invalid_client',
        'invalid_grant',
      );
    },
    async [fapiName('ensure-authorization-code-is-bound-to-client')]() {
      const { one, two } = setting;
      const got = await one.code();
      await assertError(await two.token(one.codeForm(got), got.request.key), 'invalid_grant');
    },
    async [fapiName('attempt-reuse-authorization-code-after-one-second')]() {
      const { one, s } = setting;
      const got = await one.code();
      const tokens = await good(await one.token(one.codeForm(got), got.request.key));
      await s.pass(1);
      await assertError(await one.token(one.codeForm(got), got.request.key), 'invalid_grant');
      assert.equal((await one.resource(tokens.access_token, got.request.key)).status, 401);
    },
    async [fapiName('ensure-token-endpoint-fails-with-expired-auth-code')]() {
      const { one, s } = setting;
      const got = await one.code();
      await s.pass(61);
      await assertError(await one.token(one.codeForm(got), got.request.key), 'invalid_grant');
    },
    async [fapiName('ensure-pkce-code-verifier-required')]() {
      const { one } = setting;
      const got = await one.code();
      await assertError(await one.token({ ...one.codeForm(got), code_verifier: undefined }, got.request.key), 'invalid_grant');
    },
    async [fapiName('incorrect-pkce-code-verifier-rejected')]() {
      const { one } = setting;
      const got = await one.code();
      await assertError(await one.token({ ...one.codeForm(got), code_verifier: 'w'.repeat(43) }, got.request.key), 'invalid_grant');
    },
    async [fapiName('refresh-token')]() {
      const { one, two } = setting;
      const offline = { scope: 'openid offline_access', prompt: 'consent' };
      const first = await one.flow(offline);
      const form = { grant_type: 'refresh_token', refresh_token: first.tokens.refresh_token };
      // A confidential client's refresh token is bound to the client; the access token that it brings, to a key (RFC 9449 §5).
      await assertError(await one.token(form, first.key, { proof: false }), 'invalid_request', 'invalid_grant', 'invalid_dpop_proof');
      const another = await newProofKey();
      const renewed = await good(await one.token(form, another));
      // FAPI 2.0 §5.3.2.1: refresh tokens do not rotate, so the same one serves again.
      assert.ok(renewed.refresh_token === undefined || renewed.refresh_token === form.refresh_token);
      await good(await one.token(form, another));
      const [before, claims] = [first.claims, idTokenOf(renewed)];
      for (const claim of ['iss', 'sub', 'aud', 'auth_time']) assert.deepEqual(claims[claim], before[claim], claim);
      assert.equal((await one.resource(renewed.access_token, another)).status, 200);
      assert.equal((await one.resource(renewed.access_token, first.key)).status, 401);
      const others = await two.flow(offline);
      await assertError(await one.token({ ...form, refresh_token: others.tokens.refresh_token }, others.key), 'invalid_grant');
    },
  };
}
