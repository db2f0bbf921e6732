import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { createRemoteJWKSet, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { CITIZEN, type KeyClient } from '#src/conformance.ts';
import { FAPI_ALGORITHMS } from '#src/oidc/security-profile.ts';
import type { Browser, Page } from '../support/browser.ts';
import type { Started } from '../support/start.ts';
import { type Answer, answerOf, arrived, CALLBACK, type Params, passPages, secretsOf } from './relying-party.ts';

type Key = Parameters<SignJWT['sign']>[0];
export type Claims = Readonly<Record<string, unknown>>;
export type ProofKey = { readonly private: Key; readonly jwk: JWK; readonly thumbprint: string };
/** What a module changes in a proof of possession; undefined leaves a claim or a header out. */
export type ProofChange = { readonly claims?: Claims; readonly header?: Claims; readonly key?: ProofKey; readonly alg?: string };
/** What a module changes in a client assertion. */
export type AssertionChange = { readonly claims?: Claims; readonly key?: Key; readonly alg?: string };
/** Makes a request object of its claims (RFC 9101), well or badly. */
export type ObjectMaker = (claims: Claims) => string | Promise<string>;
/** What a module changes in a pushed request: its client assertion, a proof of possession, parameters beside the request object, the object itself. */
export type PushChange = {
  readonly change?: AssertionChange;
  readonly proof?: string;
  readonly beside?: Params;
  readonly object?: ObjectMaker;
};
export type TokenAnswer = {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token?: string;
  readonly token_type: string;
  readonly scope?: string;
  readonly error?: string;
};

export const now = (): number => Math.floor(Date.now() / 1000);
const without = (values: Claims): Record<string, unknown> => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

export async function newProofKey(alg = 'ES256'): Promise<ProofKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const { crv, kty, x, y, e, n } = jwk;
  // RFC 7638 §3: required members only, in the order of their names.
  return { private: privateKey, jwk, thumbprint: sha256(JSON.stringify(kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y })) };
}

/** RFC 9449 §4.2. */
export async function proofOf(
  key: ProofKey,
  method: string,
  url: string,
  { claims = {}, header = {}, key: other, alg = 'ES256' }: ProofChange = {},
): Promise<string> {
  const used = other ?? key;
  return new SignJWT(without({ jti: randomUUID(), htm: method, htu: url, iat: now(), ...claims }))
    .setProtectedHeader(without({ alg, typ: 'dpop+jwt', jwk: used.jwk, ...header }) as never)
    .sign(used.private);
}

export const hashOf = (token: string): string => sha256(token);

export type FapiParty = Awaited<ReturnType<typeof fapiParty>>;
export type Pushed = { readonly params: Record<string, string>; readonly verifier: string; readonly requestUri: string; readonly key: ProofKey };

/**
 * A client of a FAPI 2.0 plan: private_key_jwt, pushed requests, DPoP; one of Message Signing signs its requests and gets signed answers. Everything a
 * module must be able to do wrong is done by hand here.
 */
export async function fapiParty(started: Started, id: KeyClient) {
  const secrets = secretsOf(started);
  const { origin } = started;
  const clientKey = (await importJWK(secrets.keys[id] as JWK, 'ES256')) as Key;

  const signing = id.startsWith('conformance-ms-');
  const serverKeys = createRemoteJWKSet(new URL(`${origin}/jwks`));

  const assertion = ({ claims = {}, key = clientKey, alg = 'ES256' }: AssertionChange = {}): Promise<string> =>
    new SignJWT(without({ iss: id, sub: id, aud: origin, jti: randomUUID(), iat: now(), exp: now() + 60, ...claims })).setProtectedHeader({ alg }).sign(key);
  const authenticated = async (change?: AssertionChange): Promise<Record<string, string>> => ({
    client_id: id,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion(change),
  });
  const post = (path: string, form: Params, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${origin}${path}`, { method: 'POST', headers, body: new URLSearchParams(without(form) as Record<string, string>) });

  const verifierOf = (): { verifier: string; challenge: string } => {
    const verifier = oidc.randomPKCECodeVerifier();
    return { verifier, challenge: sha256(verifier) };
  };
  const paramsOf = (challenge: string, extra: Params): Record<string, string> =>
    without({
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope: 'openid profile email phone',
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...(signing ? { response_mode: 'jwt' } : {}),
      ...extra,
    }) as Record<string, string>;

  /** Claims of a request object (FAPI 2.0 Message Signing §5.3.2): who asks whom, for at most an hour, and the parameters. */
  const claimsOf = ({ claims, ...params }: Readonly<Record<string, string>>): Claims => ({
    iss: id,
    aud: origin,
    client_id: id,
    nbf: now(),
    exp: now() + 300,
    ...params,
    ...(claims ? { claims: JSON.parse(claims) } : {}),
  });
  /** An undefined claim is left out. */
  const signObject = (claims: Claims, { key = clientKey, alg = 'ES256', typ }: { key?: Key; alg?: string; typ?: string } = {}): Promise<string> =>
    new SignJWT(without(claims)).setProtectedHeader(without({ alg, typ }) as never).sign(key);

  /** The pushed request and its answer, right or wrong. */
  const push = async (
    extra: Params = {},
    { change, proof, beside = {}, object = signObject }: PushChange = {},
  ): Promise<{ response: Response; params: Record<string, string>; verifier: string }> => {
    const { verifier, challenge } = verifierOf();
    const params = paramsOf(challenge, extra);
    const asked = signing ? { request: await object(claimsOf(params)) } : params;
    const response = await post('/request', { ...asked, ...beside, ...(await authenticated(change)) }, proof ? { DPoP: proof } : {});
    return { response, params, verifier };
  };
  /** A pushed request that was accepted. RFC 9126 §2.2; FAPI 2.0 §5.3.2.2: less than 600 seconds. */
  const pushed = async (extra: Params = {}, how: PushChange = {}): Promise<Pushed> => {
    const { response, params, verifier } = await push(extra, how);
    const body = (await response.json()) as { request_uri: string; expires_in: number };
    assert.equal(response.status, 201, JSON.stringify(body));
    assert.match(body.request_uri, /^urn:/);
    assert.ok(body.expires_in >= 5 && body.expires_in < 600);
    return { params, verifier, requestUri: body.request_uri, key: await newProofKey() };
  };
  const open = (browser: Browser, { requestUri }: Pick<Pushed, 'requestUri'>, extra: Params = {}): Promise<Page> =>
    browser.open(`/auth?${new URLSearchParams({ client_id: id, request_uri: requestUri, ...(extra as Record<string, string>) })}`);
  /** What a signed answer says (JARM §2.1, §2.4), judged as a relying party must; nothing else may stand beside it but the query of the registered address. */
  const read = async ({ address, params }: Answer): Promise<Answer> => {
    const { response, ...beside } = Object.fromEntries(params);
    assert.ok(response, `no signed answer but ${params}`);
    assert.ok(!['code', 'state', 'iss', 'error'].some((name) => name in beside), String(params));
    const { payload, protectedHeader } = await jwtVerify(response, serverKeys, { issuer: origin, audience: id, algorithms: [...FAPI_ALGORITHMS] });
    assert.ok(protectedHeader.kid);
    const { aud: _, exp = 0, ...said } = payload;
    assert.ok(exp > now() + 10 && exp <= now() + 600, 'a lifetime of at most ten minutes');
    return { address, params: new URLSearchParams({ ...beside, ...(said as Record<string, string>) }) };
  };
  /** The answer that a page carries to this client; undefined on a page for a person. `plain` also lets an error come unsigned; a code never may. */
  const answerOn = async (page: Page, { plain = false } = {}): Promise<Answer | undefined> => {
    const answer = answerOf(page);
    const unsigned = !signing || (plain && answer?.params.has('error'));
    return answer && (unsigned ? answer : read(answer));
  };
  const answered = async (page: Page): Promise<Answer> => (signing ? read(arrived(page)) : arrived(page));
  const authorize = async (request: Pushed, extra: Params = {}, browser = started.browser()): Promise<Answer> => {
    await open(browser, request, extra);
    return answered(await passPages(browser, secrets));
  };
  /** A code, and the request it came from. */
  const code = async (extra: Params = {}, how: PushChange = {}): Promise<{ request: Pushed; answer: Answer; code: string }> => {
    const request = await pushed(extra, how);
    const answer = await authorize(request);
    assert.equal(answer.params.get('error'), null, String(answer.params));
    assert.equal(answer.params.get('iss'), origin);
    assert.equal(answer.params.get('state'), request.params['state'] ?? null);
    return { request, answer, code: answer.params.get('code') ?? '' };
  };
  /** The token endpoint, right or wrong. `proof: false` sends none; an undefined field is left out. */
  const token = async (form: Params, key: ProofKey, { change, proof }: { change?: AssertionChange; proof?: ProofChange | false } = {}): Promise<Response> =>
    post('/token', { ...(await authenticated(change)), ...form }, proof === false ? {} : { DPoP: await proofOf(key, 'POST', `${origin}/token`, proof) });
  const codeForm = ({ request, code: value }: { request: Pushed; code: string }): Record<string, string> => ({
    grant_type: 'authorization_code',
    code: value,
    redirect_uri: request.params['redirect_uri'] ?? '',
    code_verifier: request.verifier,
  });
  /** The protected resource: userinfo. */
  const resource = async (accessToken: string, key: ProofKey, change: ProofChange = {}, scheme = 'DPoP'): Promise<Response> =>
    fetch(`${origin}/me`, {
      headers: {
        Authorization: `${scheme} ${accessToken}`,
        DPoP: await proofOf(key, 'GET', `${origin}/me`, { ...change, claims: { ath: hashOf(accessToken), ...change.claims } }),
      },
    });
  /** From the request to the tokens, and the resource once. */
  const flow = async (extra: Params = {}): Promise<{ request: Pushed; tokens: TokenAnswer; key: ProofKey; claims: Claims }> => {
    const got = await code(extra);
    const tokens = await good(await token(codeForm(got), got.request.key));
    const response = await resource(tokens.access_token, got.request.key);
    assert.equal(response.status, 200);
    assert.equal(((await response.json()) as { sub: string }).sub, CITIZEN.subject);
    return { request: got.request, tokens, key: got.request.key, claims: idTokenOf(tokens) };
  };
  return {
    id,
    secrets,
    origin,
    signing,
    clientKey,
    assertion,
    authenticated,
    post,
    signObject,
    push,
    pushed,
    open,
    answerOn,
    answered,
    authorize,
    code,
    token,
    codeForm,
    resource,
    flow,
  };
}

export const idTokenOf = ({ id_token: token }: TokenAnswer): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

/** Tokens of an answer that is as it should be. */
export async function good(response: Response): Promise<TokenAnswer> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const tokens = JSON.parse(text) as TokenAnswer;
  assert.equal(tokens.token_type, 'DPoP');
  return tokens;
}

/** An OAuth error as JSON (RFC 6749 §5.2), one of `errors`. */
export async function assertError(response: Response, ...errors: readonly string[]): Promise<void> {
  const text = await response.text();
  assert.ok(response.status === 400 || response.status === 401, `${response.status} ${text}`);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  assert.ok(errors.includes((JSON.parse(text) as { error: string }).error), text);
}
