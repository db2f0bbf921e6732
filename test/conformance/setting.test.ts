import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadConfig } from '#src/config.ts';
import { CITIZEN, conformanceClients, fixedCode } from '#src/conformance.ts';
import { storedClient } from '#src/oidc/clients.ts';
import { suiteConfiguration } from '#src/suite-configuration.ts';
import { people, signIn, signUp } from '../support/journey.ts';
import { RELYING_PARTY, type Started, start } from '../support/start.ts';
import { assertErrorPage, CALLBACK, SUITE, secretsOf, startConformance, stepOf } from './relying-party.ts';

let on: Started;
let off: Started;
before(async () => {
  [on, off] = await Promise.all([startConformance(), start()]);
  // What an earlier start with the setting would have left in the store, and a client that is wrongly without PKCE.
  await off.stores.durable.clients.seed([
    ...conformanceClients(SUITE, secretsOf(off)),
    storedClient({ ...ordinary, client_id: 'careless', pkce_required: false } as never),
  ]);
  await on.stores.durable.clients.seed([storedClient({ ...ordinary, client_id: 'careless', pkce_required: false } as never)]);
});
after(() => Promise.all([on.close(), off.close()]));

const ordinary = {
  names: { fa: 'x', en: 'x' },
  first_party: true,
  start_url: `${RELYING_PARTY}/`,
  redirect_uris: [CALLBACK],
  token_endpoint_auth_method: 'none',
};
const withoutPkce = (clientId: string): string =>
  `/auth?${new URLSearchParams({ client_id: clientId, response_type: 'code', scope: 'openid', redirect_uri: CALLBACK, state: 'x' })}`;

test('outside the setting the suite’s clients are unknown, even when they stand in the store', async () => {
  for (const id of ['conformance-1', 'conformance-fapi-1', 'conformance-ms-1']) assertErrorPage(await off.browser().open(withoutPkce(id)));
  assert.equal(stepOf(await on.browser().open(withoutPkce('conformance-1'))), 'sign-in');
});

test('a client that says it needs no PKCE needs it all the same, inside the setting and outside', async () => {
  for (const started of [on, off]) assert.match((await started.browser().open(withoutPkce('careless'))).url, /error=invalid_request/);
});

test('the citizen exists only in the setting, and no SMS goes to the citizen’s number', async () => {
  assert.equal(await off.stores.durable.accounts.find(CITIZEN.subject), undefined);
  const browser = on.browser();
  await browser.open(`${withoutPkce('conformance-1')}&acr_values=urn:profile:2`);
  await browser.submit({ identifier: CITIZEN.identifier.value, password: secretsOf(on).password });
  assert.equal(stepOf(browser.page), 'sign-in-code');
  await browser.submit({ code: '123456' });
  assert.ok(browser.page.url.startsWith(CALLBACK));
  await on.app.drained();
  assert.equal(on.simulators.world.inbox.length, 0);
});

test('the fixed code is the citizen’s alone', async () => {
  const [person] = people(on);
  assert.ok(person);
  await signUp(on, on.browser(), person);
  const browser = on.browser();
  await browser.open(`${withoutPkce('conformance-1')}&acr_values=urn:profile:2`);
  await browser.submit({ identifier: person.code, password: 'zarafe-abi-kuh' });
  assert.equal(stepOf(browser.page), 'sign-in-code');
  await browser.submit({ code: '123456' });
  assert.equal(browser.page.status, 422);
  const binding = { purpose: 'sign-in', uid: 'x', person: 'national:4990000005', mobile: CITIZEN.mobile } as const;
  assert.equal(fixedCode(binding, 8), '12345678');
  assert.equal(fixedCode({ ...binding, mobile: '+989121111111' }, 6), undefined);
  assert.equal(fixedCode({ ...binding, person: `national:${person.code}` }, 6), undefined);
});

test('the citizen’s password derives from the installation’s secret', async () => {
  assert.notEqual(secretsOf(on).password, secretsOf(off).password);
  assert.match((await signIn(on.browser(), { code: CITIZEN.identifier.value } as never, secretsOf(off).password)).url, /sign-in$/);
});

test('the setting is refused with an issuer that is not on a loopback host', () => {
  assert.throws(() => loadConfig({ CONFORMANCE: 'yes', ISSUER: 'https://profile.example.org' }), /CONFORMANCE: only with an issuer on a loopback host/);
});

test('the suite is told of each client with the secret or the private key that the server knows the other half of', async () => {
  const text = JSON.stringify(suiteConfiguration(on.origin, on.dataSecret));
  const secrets = secretsOf(on);
  for (const secret of [...Object.values(secrets.clients), ...Object.values(secrets.keys).map(({ d }) => d), secrets.password]) {
    assert.ok(text.includes(secret));
    for (const id of [...Object.keys(secrets.clients), ...Object.keys(secrets.keys)])
      assert.ok(!JSON.stringify(await on.stores.durable.clients.find(id)).includes(secret), 'nothing secret is stored');
  }
});

test('each plan of FAPI gets the two clients of its profile', async () => {
  const plans = suiteConfiguration(on.origin, on.dataSecret) as Readonly<Record<string, { client: { client_id: string }; client2: { client_id: string } }>>;
  for (const [plan, profile] of [
    ['fapi2-security-profile-final', 'fapi2'],
    ['fapi2-message-signing-final', 'fapi2-message-signing'],
  ] as const) {
    const ids = [plans[plan]?.client.client_id, plans[plan]?.client2.client_id];
    assert.equal(new Set(ids).size, 2);
    for (const id of ids) assert.equal((await on.stores.durable.clients.find(id ?? ''))?.metadata['security_profile'], profile, id);
  }
});

test('what the suite’s browser is told to fill and press stands on the pages', async () => {
  const text = JSON.stringify(suiteConfiguration(on.origin, on.dataSecret));
  const browser = on.browser();
  await browser.open(withoutPkce('conformance-1'));
  for (const id of ['identifier', 'password', 'main']) {
    assert.ok(text.includes(`"${id}"`), id);
    assert.match(browser.page.text, new RegExp(`id="${id}"`));
  }
  assert.match(browser.page.text, /<div class="actions"><button/);
  await browser.submit({ identifier: CITIZEN.identifier.value, password: secretsOf(on).password });
  await browser.open(`${withoutPkce('conformance-1')}&prompt=consent`);
  for (const value of ['allow', 'deny']) {
    assert.ok(text.includes(`button[value=${value}]`));
    assert.match(browser.page.text, new RegExp(`<button[^>]*value="${value}"`));
  }
  await browser.open('/session/end');
  assert.match(browser.page.text, /<button[^>]*name="logout"/);
});
