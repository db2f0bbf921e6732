import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { decodeProtectedHeader, UnsecuredJWT } from 'jose';
import * as oidc from 'openid-client';
import { CITIZEN } from '#src/conformance.ts';
import type { Started } from '../support/start.ts';
import { type Module, review, skipped, type Verdict, warning } from './plan.ts';
import { arrived, assertErrorPage, CALLBACK, passPages, type RelyingParty, relyingParty, SUITE, startConformance, stepOf } from './relying-party.ts';

/** The modules of the Basic plan; the Form Post plan is the same list in another response mode. Starts and closes a server of its own. */
export function basicModules(mode: 'query' | 'form_post'): Readonly<Record<string, Module>> {
  let s: Started;
  let rp: RelyingParty;
  let second: RelyingParty;
  let posting: RelyingParty;
  before(async () => {
    s = await startConformance();
    [rp, second, posting] = await Promise.all([
      relyingParty(s, 'conformance-1', mode),
      relyingParty(s, 'conformance-2', mode),
      relyingParty(s, 'conformance-post', mode),
    ]);
  });
  after(() => s.close());

  const claimsOf = async (scope: string, extra: Readonly<Record<string, string>> = {}): Promise<oidc.UserInfoResponse> =>
    rp.userinfo((await rp.signIn(s.browser(), { scope, ...extra })).tokens);
  /** A parameter that must at least do no harm. */
  const harmless =
    (extra: Readonly<Record<string, string>>): Module =>
    async () => {
      const { tokens } = await rp.signIn(s.browser(), extra);
      assert.equal(tokens.claims()?.sub, CITIZEN.subject);
    };
  const userinfoBy = async (init: (token: string) => RequestInit): Promise<void> => {
    const { tokens } = await rp.signIn(s.browser(), { scope: 'openid profile' });
    const response = await fetch(`${s.origin}/me`, init(tokens.access_token));
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    const claims = (await response.json()) as Record<string, unknown>;
    assert.equal(claims['sub'], tokens.claims()?.sub);
    assert.equal(claims['given_name'], CITIZEN.person.firstName);
  };
  const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });
  /** An error that goes to the relying party, with its state and our issuer (RFC 9207). */
  const assertRefused = (page: Awaited<ReturnType<RelyingParty['open']>>, state: string | undefined, errors: readonly string[]): void => {
    const { params } = arrived(page);
    assert.ok(errors.includes(params.get('error') ?? ''), String(params));
    assert.equal(params.get('state'), state);
    assert.equal(params.get('iss'), s.origin);
    assert.equal(params.get('code'), null);
  };
  /** Signed in once, then the same browser asks again and must see the sign-in page; both times of authentication. */
  const signsInAgain = async (extra: Readonly<Record<string, string>>): Promise<void> => {
    const browser = s.browser();
    const first = await rp.signIn(browser);
    await s.pass(2);
    const asked = rp.request(extra);
    const page = await rp.open(browser, asked);
    assert.equal(stepOf(page), 'sign-in');
    assert.match(page.text, /<input[^>]*type="password"/);
    const tokens = await rp.exchange(arrived(await passPages(browser, rp.secrets)), asked);
    assert.ok(Number(tokens.claims()?.auth_time) > Number(first.tokens.claims()?.auth_time));
    assert.equal(tokens.claims()?.sub, first.tokens.claims()?.sub);
  };
  /** Signed in once, then the same browser asks again and must see no page of ours. */
  const seesNoPage = async (extra: (idToken: string) => Readonly<Record<string, string>>, firstly: Readonly<Record<string, string>> = {}): Promise<void> => {
    const browser = s.browser();
    const first = await rp.signIn(browser, firstly);
    await s.pass(2);
    const asked = rp.request(extra(first.tokens.id_token ?? ''));
    const tokens = await rp.exchange(arrived(await rp.open(browser, asked)), asked);
    assert.equal(tokens.claims()?.sub, first.tokens.claims()?.sub);
    assert.equal(tokens.claims()?.auth_time, first.tokens.claims()?.auth_time);
    assert.equal(typeof tokens.claims()?.auth_time, 'number');
  };
  /** A code that was redeemed, `seconds` ago; what its second redemption gets, and the first one's access token. */
  const reuse = async (seconds: number): Promise<{ answer: Response; token: string }> => {
    const { answer, tokens } = await rp.signIn(s.browser());
    await s.pass(seconds);
    const form = { grant_type: 'authorization_code', code: answer.params.get('code') ?? '', redirect_uri: CALLBACK };
    return { answer: await rp.post('/token', form), token: tokens.access_token };
  };
  const assertError = async (response: Response, error: string): Promise<void> => {
    assert.equal(response.status, 400);
    assert.equal(((await response.json()) as { error: string }).error, error);
  };
  const unsigned = (claims: Readonly<Record<string, string>>): string => new UnsecuredJWT({ ...claims }).setIssuer(rp.id).setAudience(s.origin).encode();
  const offers = (value: string): boolean => (rp.configuration.serverMetadata().request_object_signing_alg_values_supported ?? []).includes(value);
  const notOffered = (): Verdict => {
    assert.equal(offers('none'), false);
    return skipped('unsigned request objects are not offered');
  };

  return {
    async 'oidcc-server'() {
      for (const party of [rp, second]) {
        const { tokens } = await party.signIn(s.browser(), { scope: 'openid profile email phone' });
        assert.equal(tokens.token_type, 'bearer');
        assert.equal(tokens.claims()?.aud, party.id);
        assert.equal(tokens.claims()?.iss, s.origin);
        assert.equal((await party.userinfo(tokens)).sub, CITIZEN.subject);
      }
    },
    async 'oidcc-response-type-missing'() {
      const asked = rp.request({ response_type: undefined });
      assertRefused(await rp.open(s.browser(), asked), asked.params['state'], ['invalid_request', 'unsupported_response_type']);
    },
    async 'oidcc-idtoken-signature'() {
      // The relying party verifies it by the key set.
      const { tokens } = await rp.signIn(s.browser());
      const { alg, kid } = decodeProtectedHeader(tokens.id_token ?? '');
      const { keys } = (await (await fetch(`${s.origin}/jwks`)).json()) as { keys: { kid: string; alg: string }[] };
      assert.equal(alg, 'RS256');
      assert.ok(keys.some((key) => key.kid === kid && key.alg === 'RS256'));
    },
    async 'oidcc-idtoken-unsigned'() {
      assert.ok(!rp.configuration.serverMetadata().id_token_signing_alg_values_supported?.includes('none'));
      return skipped('does not apply to static clients; unsigned ID tokens are not offered');
    },
    'oidcc-userinfo-get': () => userinfoBy((token) => ({ headers: bearer(token) })),
    'oidcc-userinfo-post-header': () => userinfoBy((token) => ({ method: 'POST', headers: bearer(token) })),
    'oidcc-userinfo-post-body': () => userinfoBy((token) => ({ method: 'POST', body: new URLSearchParams({ access_token: token }) })),
    async 'oidcc-ensure-request-without-nonce-succeeds-for-code-flow'() {
      const { tokens } = await rp.signIn(s.browser(), { nonce: undefined });
      assert.equal(tokens.claims()?.nonce, undefined);
    },
    async 'oidcc-scope-profile'() {
      const claims = await claimsOf('openid profile');
      assert.equal(claims.name, `${CITIZEN.person.firstName} ${CITIZEN.person.lastName}`);
      assert.equal(claims.given_name, CITIZEN.person.firstName);
      assert.equal(claims.family_name, CITIZEN.person.lastName);
      assert.equal(claims.birthdate, CITIZEN.person.birthDate);
      assert.equal(claims.gender, CITIZEN.person.gender);
      assert.equal(typeof claims.updated_at, 'number');
      return warning('nickname, picture, website, locale and others of the scope are not known of a citizen');
    },
    async 'oidcc-scope-email'() {
      const claims = await claimsOf('openid email');
      assert.equal(claims.email, CITIZEN.email);
      assert.equal(claims.email_verified, false);
    },
    async 'oidcc-scope-address'() {
      const claims = await claimsOf('openid address');
      assert.equal(claims.address, undefined);
      assert.ok(!rp.configuration.serverMetadata().scopes_supported?.includes('address'));
      return warning('address is none of our claims; the scope is ignored');
    },
    async 'oidcc-scope-phone'() {
      const claims = await claimsOf('openid phone');
      assert.equal(claims.phone_number, CITIZEN.mobile);
      assert.equal(claims['phone_number_verified'], true);
    },
    async 'oidcc-scope-all'() {
      const claims = await claimsOf('openid profile email address phone');
      for (const claim of [
        'name',
        'given_name',
        'family_name',
        'birthdate',
        'gender',
        'updated_at',
        'email',
        'email_verified',
        'phone_number',
        'phone_number_verified',
      ])
        assert.notEqual(claims[claim], undefined, claim);
      return warning('address, nickname, picture, website and others are none of our claims');
    },
    async 'oidcc-alternate-happy-flow'() {
      const { params } = rp.request({ scope: 'phone email profile openid' });
      const asked = { params: Object.fromEntries(Object.entries(params).reverse()) };
      const browser = s.browser();
      await rp.open(browser, asked);
      const tokens = await rp.exchange(arrived(await passPages(browser, rp.secrets)), asked);
      assert.equal((await rp.userinfo(tokens)).phone_number, CITIZEN.mobile);
    },
    'oidcc-display-page': harmless({ display: 'page' }),
    'oidcc-display-popup': harmless({ display: 'popup' }),
    async 'oidcc-prompt-login'() {
      await signsInAgain({ prompt: 'login' });
      return review('the sign-in page comes a second time');
    },
    async 'oidcc-prompt-none-not-logged-in'() {
      const asked = rp.request({ prompt: 'none' });
      assertRefused(await rp.open(s.browser(), asked), asked.params['state'], ['login_required']);
    },
    'oidcc-prompt-none-logged-in': () => seesNoPage(() => ({ prompt: 'none' })),
    async 'oidcc-max-age-1'() {
      await signsInAgain({ max_age: '1' });
      return review('the sign-in page comes a second time');
    },
    'oidcc-max-age-10000': () => seesNoPage(() => ({ max_age: '10000' }), { max_age: '15000' }),
    'oidcc-ensure-request-with-unknown-parameter-succeeds': harmless({ extra: 'foobar' }),
    'oidcc-id-token-hint': () => seesNoPage((idToken) => ({ prompt: 'none', id_token_hint: idToken })),
    'oidcc-login-hint': harmless({ login_hint: CITIZEN.identifier.value }),
    async 'oidcc-ui-locales'() {
      await harmless({ ui_locales: 'se' })();
      const page = await rp.open(s.browser(), rp.request({ ui_locales: 'se en' }));
      assert.match(page.text, /<html[^>]*lang="en"/);
    },
    'oidcc-claims-locales': harmless({ claims_locales: 'se' }),
    async 'oidcc-ensure-request-with-acr-values-succeeds'() {
      const values = rp.configuration.serverMetadata()['acr_values_supported'] as string[];
      assert.ok(values.length > 0);
      const { tokens } = await rp.signIn(s.browser(), { acr_values: values.join(' ') });
      assert.ok(values.includes(String(tokens.claims()?.['acr'])));
      // The highest one needs a code, which is the same for this citizen every time.
      const highest = await rp.signIn(s.browser(), { acr_values: values.at(-1) });
      assert.equal(highest.tokens.claims()?.['acr'], values.at(-1));
    },
    async 'oidcc-codereuse'() {
      await assertError((await reuse(0)).answer, 'invalid_grant');
    },
    async 'oidcc-codereuse-30seconds'() {
      const { answer, token } = await reuse(30);
      await assertError(answer, 'invalid_grant');
      assert.equal((await fetch(`${s.origin}/me`, { headers: bearer(token) })).status, 401);
    },
    async 'oidcc-ensure-registered-redirect-uri'() {
      assertErrorPage(await rp.open(s.browser(), rp.request({ redirect_uri: `${SUITE}/callback/other` })));
      return review('an error page');
    },
    async 'oidcc-ensure-post-request-succeeds'() {
      const asked = rp.request();
      const browser = s.browser();
      await browser.post(`${s.origin}/auth`, asked.params, { Origin: new URL(SUITE).origin });
      const tokens = await rp.exchange(arrived(await passPages(browser, rp.secrets)), asked);
      assert.equal(tokens.claims()?.sub, CITIZEN.subject);
    },
    async 'oidcc-server-client-secret-post'() {
      const { tokens } = await posting.signIn(s.browser());
      assert.equal(tokens.claims()?.aud, posting.id);
    },
    async 'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported'() {
      assert.equal(rp.configuration.serverMetadata()['request_uri_parameter_supported'], false);
      const asked = rp.request({ request_uri: `${SUITE}/requesturi` });
      assertRefused(await rp.open(s.browser(), asked), asked.params['state'], ['request_uri_not_supported']);
      return skipped('does not apply to static clients; request_uri is refused as not supported');
    },
    async 'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported'() {
      const verdict = notOffered();
      const { params } = rp.request();
      const page = await rp.open(s.browser(), rp.request({ state: params['state'], request: unsigned({ ...params, prompt: 'none' }) }));
      assertRefused(page, params['state'], ['request_not_supported', 'invalid_request_object']);
      return verdict;
    },
    async 'oidcc-claims-essential'() {
      const claims = await claimsOf('openid', { claims: JSON.stringify({ userinfo: { name: { essential: true } } }) });
      assert.equal(claims.name, `${CITIZEN.person.firstName} ${CITIZEN.person.lastName}`);
    },
    async 'oidcc-ensure-request-object-with-redirect-uri'() {
      const verdict = notOffered();
      const inside = rp.request().params;
      const page = await rp.open(s.browser(), rp.request({ redirect_uri: `${SUITE}/other`, request: unsigned(inside) }));
      assertErrorPage(page);
      return verdict;
    },
    async 'oidcc-refresh-token'() {
      const offline = { scope: 'openid offline_access', prompt: 'consent' };
      const first = await rp.signIn(s.browser(), offline);
      const before = first.tokens.claims();
      const renewed = await oidc.refreshTokenGrant(rp.configuration, first.tokens.refresh_token ?? '');
      const claims = renewed.claims();
      for (const claim of ['iss', 'sub', 'aud', 'auth_time'] as const) assert.deepEqual(claims?.[claim], before?.[claim], claim);
      assert.equal((await rp.userinfo(renewed)).sub, CITIZEN.subject);
      const others = await second.signIn(s.browser(), offline);
      await assertError(await rp.post('/token', { grant_type: 'refresh_token', refresh_token: others.tokens.refresh_token }), 'invalid_grant');
    },
    async 'oidcc-ensure-request-with-valid-pkce-succeeds'() {
      const verifier = oidc.randomPKCECodeVerifier();
      const asked = {
        ...rp.request({ code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }),
        verifier,
      };
      const browser = s.browser();
      await rp.open(browser, asked);
      assert.equal((await rp.exchange(arrived(await passPages(browser, rp.secrets)), asked)).claims()?.sub, CITIZEN.subject);
    },
  };
}
