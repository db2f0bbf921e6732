import assert from 'node:assert/strict';
import type { Page } from '../support/browser.ts';
import { fapiName } from './fapi-names.ts';
import { assertError, good } from './fapi-party.ts';
import { type FapiSetting, type Module, review, type Verdict } from './plan.ts';
import { assertErrorPage, passPages, stepOf } from './relying-party.ts';

/** Pushed requests and their request_uri (RFC 9126; FAPI 2.0 §5.3.2.2). */
export function fapiPushedModules(setting: FapiSetting): Readonly<Record<string, Module>> {
  /** A request_uri that is good for nothing: a page says so, or the relying party hears of it. */
  const refusedUri = async (page: Page, party = setting.one): Promise<Verdict> => {
    // Whose request it was is not known any more, so the suite takes an unsigned error here.
    const answer = await party.answerOn(page, { plain: true });
    if (answer) assert.ok(['invalid_request_uri', 'invalid_request'].includes(answer.params.get('error') ?? ''), String(answer.params));
    else assertErrorPage(page);
    return review('an error page');
  };

  return {
    async [fapiName('par-ensure-reused-request-uri-prior-to-auth-completion-succeeds')]() {
      const { one, s } = setting;
      const request = await one.pushed();
      assert.equal(stepOf(await one.open(s.browser(), request)), 'sign-in', 'a first visit, without signing in');
      const { params } = await one.authorize(request);
      const got = { request, code: params.get('code') ?? '' };
      await good(await one.token(one.codeForm(got), request.key));
    },
    async [fapiName('par-attempt-reuse-request_uri')]() {
      const { one, s } = setting;
      const browser = s.browser();
      const request = await one.pushed();
      assert.ok((await one.authorize(request, {}, browser)).params.get('code'));
      await refusedUri(await one.open(s.browser(), request));
      return refusedUri(await one.open(browser, request));
    },
    async [fapiName('par-attempt-to-use-expired-request_uri')]() {
      const { one, s } = setting;
      const { response } = await one.push();
      const { request_uri: requestUri, expires_in: lifetime } = (await response.json()) as { request_uri: string; expires_in: number };
      await s.pass(lifetime + 1);
      return refusedUri(await one.open(s.browser(), { requestUri }));
    },
    async [fapiName('par-attempt-to-use-request_uri-for-different-client')]() {
      const { one, two, s } = setting;
      return refusedUri(await two.open(s.browser(), await one.pushed()), two);
    },
    async [fapiName('par-authorization-request-containing-request_uri-form-param')]() {
      const { response } = await setting.one.push({}, { beside: { request_uri: 'urn:ietf:params:oauth:request_uri:something' } });
      await assertError(response, 'invalid_request', 'invalid_request_object', 'request_uri_not_supported');
    },
    async [fapiName('par-attempt-invalid-http-method')]() {
      const { one } = setting;
      const answer = await fetch(`${one.origin}/request`, { method: 'PUT', body: new URLSearchParams(await one.authenticated()) });
      assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
    },
    async [fapiName('par-ensure-pkce-required')]() {
      await assertError((await setting.one.push({ code_challenge: undefined, code_challenge_method: undefined })).response, 'invalid_request');
    },
    async [fapiName('par-plain-pkce-rejected')]() {
      await assertError((await setting.one.push({ code_challenge: 'p'.repeat(43), code_challenge_method: 'plain' })).response, 'invalid_request');
    },
    async [fapiName('par-without-duplicate-parameters')]() {
      const { one, s } = setting;
      const request = await one.pushed();
      const browser = s.browser();
      await browser.open(`/auth?${new URLSearchParams({ client_id: one.id, request_uri: request.requestUri })}`);
      const { params } = await one.answered(await passPages(browser, one.secrets));
      await good(await one.token(one.codeForm({ request, code: params.get('code') ?? '' }), request.key));
    },
  };
}
