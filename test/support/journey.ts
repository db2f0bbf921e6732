import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import type { Browser, Page } from './browser.ts';
import { RELYING_PARTY, type Started } from './start.ts';

export const PASSWORD = 'zarafe-abi-kuh';

export const people = ({ simulators }: Started, story: SyntheticPerson['story'] = 'ok'): readonly SyntheticPerson[] =>
  simulators.world.people.filter((person) => person.story === story);

/** The newest code that was sent to this number. */
export async function codeFor({ app, simulators }: Started, mobile: string, digits = 6): Promise<string> {
  await app.drained();
  const sms = simulators.world.inbox.filter(({ to, text }) => to === mobile && text.includes('#')).at(-1);
  const code = new RegExp(`\\b(\\d{${digits}})\\b`).exec(sms?.text ?? '')?.[1];
  assert.ok(code, `an SMS with a code of ${digits} digits to ${mobile}`);
  return code;
}

export const birthFields = (birthDate: string): { birthDay: string; birthMonth: string; birthYear: string } => {
  const [year = '', month = '', day = ''] = birthDate.split('/');
  return { birthDay: day, birthMonth: String(Number(month)), birthYear: year };
};

export const identityFields = (person: SyntheticPerson): Record<string, string> => ({
  firstName: person.firstName,
  lastName: person.lastName,
  fatherName: person.fatherName,
  ...birthFields(person.birthDate),
  certificateNumber: person.certificateNumber,
});

export const stepOf = ({ url }: Page): string => new URL(url).pathname.split('/').at(-1) ?? '';

/** From the first page of sign-up to the identity page. */
export async function proveMobile(started: Started, browser: Browser, person: SyntheticPerson): Promise<Page> {
  await browser.submit({ action: person.story === 'foreign' ? 'foreign' : 'national' });
  const number = person.ownMobile ?? person.mobile;
  const contact =
    person.story === 'foreign'
      ? { fidaCode: person.code, documentType: 'passport', documentNumber: person.documentNumber ?? '', mobile: number }
      : { nationalCode: person.code, mobile: number };
  await browser.submit(contact);
  return browser.submit({ code: await codeFor(started, number) });
}

/** A whole sign-up, to the page after the success message. */
export async function signUp(started: Started, browser: Browser, person: SyntheticPerson, from = '/sign-up'): Promise<Page> {
  await browser.open(from);
  await proveMobile(started, browser, person);
  await browser.submit(identityFields(person));
  await browser.submit({ email: 'somebody@example.test' });
  await browser.submit({ password: PASSWORD });
  const done = await browser.submit({});
  assert.equal(stepOf(done), 'sign-up-done');
  return browser.submit({});
}

export async function signIn(browser: Browser, person: SyntheticPerson, password = PASSWORD, from = '/sign-in'): Promise<Page> {
  await browser.open(from);
  return browser.submit({ identifier: person.code, password });
}

export type RelyingParty = {
  readonly configuration: oidc.Configuration;
  /** A fresh authorization request and what the relying party must remember of it. */
  request(extra?: Readonly<Record<string, string>>): Promise<{ url: string; verifier: string; state: string; nonce: string }>;
  exchange(
    callback: string,
    remembered: { verifier: string; state: string; nonce: string },
  ): Promise<oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers>;
};

export async function relyingParty(started: Started, id: 'eservices' | 'club' = 'eservices'): Promise<RelyingParty> {
  const redirectUri = id === 'club' ? `${RELYING_PARTY}/club/callback` : `${RELYING_PARTY}/callback`;
  const configuration = await oidc.discovery(
    new URL(started.origin),
    id,
    { id_token_signed_response_alg: id === 'club' ? 'ES256' : 'RS256' },
    oidc.ClientSecretBasic(started.secrets[id]),
    { execute: [oidc.allowInsecureRequests] },
  );
  return {
    configuration,
    async request(extra = {}) {
      const verifier = oidc.randomPKCECodeVerifier();
      const state = oidc.randomState();
      const nonce = oidc.randomNonce();
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: 'openid profile phone',
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
        ...extra,
      });
      return { url: url.href, verifier, state, nonce };
    },
    exchange: (callback, { verifier, state, nonce }) =>
      oidc.authorizationCodeGrant(configuration, new URL(callback), {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      }),
  };
}
