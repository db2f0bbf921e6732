import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import { CITIZEN, type ConformanceSecrets, conformanceSecrets, type SecretClient } from '#src/conformance.ts';
import type { Browser, Page } from '../support/browser.ts';
import { RELYING_PARTY, type Started, start } from '../support/start.ts';

/** Where the suite would listen. Nothing does: the browser stops on its way there. */
export const SUITE = `${RELYING_PARTY}/test/a/profile`;
export const CALLBACK = `${SUITE}/callback`;

export type Params = Readonly<Record<string, string | undefined>>;
export type Asked = { readonly params: Record<string, string>; readonly verifier?: string };
/** What came to the callback, by whichever response mode. */
export type Answer = { readonly address: string; readonly params: URLSearchParams };
export type Tokens = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;

export const startConformance = (suite = SUITE): Promise<Started> => start({ CONFORMANCE: 'yes', CONFORMANCE_SUITE: suite });
export const secretsOf = ({ dataSecret }: Started): ConformanceSecrets => conformanceSecrets(dataSecret);

/** Which of our pages this is: `sign-in`, `consent`, … Empty for a page that is no step. */
export const stepOf = ({ url }: Page): string => /\/interaction\/[^/]+\/([^/?]+)/.exec(url)?.[1] ?? '';

const decode = (text: string): string => text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
const attribute = (tag: string, name: string): string => decode(new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? '');

/** The form that a page would post by itself (OAuth 2.0 Form Post Response Mode §2). */
export function formOf({ text }: Page): { action: string; fields: Record<string, string> } {
  const fields = [...text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]): [string, string] => [attribute(tag, 'name'), attribute(tag, 'value')]);
  return { action: attribute(/<form[^>]*>/.exec(text)?.[0] ?? '', 'action'), fields: Object.fromEntries(fields) };
}

/** The answer that a page carries to the suite; undefined on a page for a person. */
export function answerOf(page: Page, suite = SUITE): Answer | undefined {
  if (page.url.startsWith(suite)) {
    const url = new URL(page.url);
    return { address: url.origin + url.pathname, params: url.searchParams };
  }
  const { action, fields } = formOf(page);
  return action.startsWith(suite) ? { address: action, params: new URLSearchParams(fields) } : undefined;
}

export function arrived(page: Page, suite = SUITE): Answer {
  const answer = answerOf(page, suite);
  assert.ok(answer, `no answer to the relying party but ${page.status} ${page.url} ${page.text.replace(/<[^>]+>/g, ' ').slice(0, 400)}`);
  return answer;
}

/** Does on our pages what the citizen would do, until something else comes. */
export async function passPages(browser: Browser, { password }: ConformanceSecrets): Promise<Page> {
  const typed: Readonly<Record<string, Record<string, string>>> = {
    'sign-in': { identifier: CITIZEN.identifier.value, password },
    'sign-in-code': { code: '123456' },
    consent: { action: 'allow' },
  };
  for (let pages = 0; pages < 5; pages += 1) {
    const fields = typed[stepOf(browser.page)];
    if (!fields) break;
    await browser.submit(fields);
  }
  return browser.page;
}

/** A page that tells a person what is wrong: in Persian, with a reference, and nothing sent to anybody. */
export function assertErrorPage(page: Page): void {
  assert.equal(page.status, 400, page.url);
  assert.equal(answerOf(page), undefined);
  assert.match(page.text, /<html[^>]*lang="fa"/);
  assert.match(page.text, /درخواست سامانه مبدأ معتبر نیست/);
  assert.match(page.text, /کد پیگیری:.*[2-9A-Z]{3}-[2-9A-Z]{3}/s);
}

export type RelyingParty = Awaited<ReturnType<typeof relyingParty>>;

/** A client of the suite with a secret, in one response mode. */
export async function relyingParty(started: Started, id: SecretClient, mode: 'query' | 'form_post' = 'query', suite = SUITE) {
  const secrets = secretsOf(started);
  const authentication = id === 'conformance-post' ? oidc.ClientSecretPost : oidc.ClientSecretBasic;
  const configuration = await oidc.discovery(new URL(started.origin), id, {}, authentication(secrets.clients[id]), {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });

  /** A request as the suite makes it: state and nonce, no PKCE. An undefined parameter is left out. */
  const request = (extra: Params = {}): Asked => {
    const all: Params = {
      client_id: id,
      redirect_uri: `${suite}/callback`,
      scope: 'openid',
      response_type: 'code',
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      ...(mode === 'form_post' ? { response_mode: mode } : {}),
      ...extra,
    };
    return { params: Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)) };
  };
  const addressOf = ({ params }: Asked): string => `/auth?${new URLSearchParams(params)}`;
  /** Opens the request and stops at whatever page comes first. */
  const open = (browser: Browser, asked: Asked): Promise<Page> => browser.open(addressOf(asked));
  const exchange = async (answer: Answer, { params, verifier }: Asked): Promise<Tokens> => {
    assert.equal(answer.params.get('error'), null, String(answer.params));
    return oidc.authorizationCodeGrant(configuration, new URL(`${answer.address}?${answer.params}`), {
      ...(params['state'] ? { expectedState: params['state'] } : {}),
      ...(params['nonce'] ? { expectedNonce: params['nonce'] } : {}),
      ...(verifier ? { pkceCodeVerifier: verifier } : {}),
      ...(params['max_age'] ? { maxAge: Number(params['max_age']) } : {}),
      idTokenExpected: true,
    });
  };
  /** The whole flow. */
  const signIn = async (browser: Browser, extra: Params = {}): Promise<{ asked: Asked; answer: Answer; tokens: Tokens }> => {
    const asked = request(extra);
    await open(browser, asked);
    const page = await passPages(browser, secrets);
    assertMode(page);
    const answer = arrived(page, suite);
    return { asked, answer, tokens: await exchange(answer, asked) };
  };
  const assertMode = (page: Page): void => assert.equal(page.url.startsWith(suite) ? 'query' : 'form_post', mode);
  const post = (path: string, form: Params, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${started.origin}${path}`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${id}:${secrets.clients[id]}`).toString('base64')}`, ...headers },
      body: new URLSearchParams(form as Record<string, string>),
    });
  const userinfo = (tokens: Tokens): Promise<oidc.UserInfoResponse> => oidc.fetchUserInfo(configuration, tokens.access_token, tokens.claims()?.sub ?? '');
  return { id, secrets, configuration, request, open, exchange, signIn, post, userinfo };
}
