import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Started } from '../support/start.ts';
import { discovered } from './discovery.ts';
import { runPlan } from './plan.ts';
import { arrived, formOf, relyingParty, startConformance } from './relying-party.ts';

let s: Started;
let suite: Server;
let address = '';
const told: { path: string; type: string; body: URLSearchParams }[] = [];
before(async () => {
  suite = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      told.push({ path: request.url ?? '', type: request.headers['content-type'] ?? '', body: new URLSearchParams(text) });
      response.writeHead(200, { 'Cache-Control': 'no-store' }).end();
    });
  }).listen(0, '127.0.0.1');
  await once(suite, 'listening');
  address = `http://127.0.0.1:${(suite.address() as AddressInfo).port}/test/a/profile`;
  s = await startConformance(address);
});
after(async () => {
  await s.close();
  suite.closeAllConnections();
  suite.close();
});

runPlan('oidcc-backchannel-rp-initiated-logout-certification-test-plan', {
  async 'oidcc-backchannel-logout-discovery-endpoint-verification'() {
    const metadata = await discovered(s);
    assert.equal(metadata['backchannel_logout_supported'], true);
    assert.equal(metadata['backchannel_logout_session_supported'], true);
    assert.equal(metadata['end_session_endpoint'], `${s.origin}/session/end`);
  },
  async 'oidcc-backchannel-rp-initiated-logout'() {
    const rp = await relyingParty(s, 'conformance-backchannel', 'query', address);
    const browser = s.browser();
    const { tokens } = await rp.signIn(browser);
    const back = `${address}/post_logout_redirect`;
    await browser.open(`/session/end?${new URLSearchParams({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: back, state: 'x' })}`);
    const { action, fields } = formOf(browser.page);
    assert.equal((await browser.submit({ ...fields, logout: 'yes' }, new URL(action, s.origin).href)).url, `${back}?state=x`);

    await s.app.tellSignOuts();
    assert.equal(told.length, 1);
    assert.equal(told[0]?.path, '/test/a/profile/backchannel_logout');
    assert.match(told[0]?.type ?? '', /^application\/x-www-form-urlencoded/);
    const keys = createLocalJWKSet((await (await fetch(`${s.origin}/jwks`)).json()) as never);
    // Back-Channel Logout 1.0 §2.4 and §2.6.
    const { payload, protectedHeader } = await jwtVerify(told[0]?.body.get('logout_token') ?? '', keys, {
      issuer: s.origin,
      audience: rp.id,
      algorithms: ['RS256'],
      requiredClaims: ['iat', 'exp', 'jti'],
    });
    assert.equal(protectedHeader.typ, 'logout+jwt');
    assert.deepEqual(payload['events'], { 'http://schemas.openid.net/event/backchannel-logout': {} });
    assert.equal(payload.sub, tokens.claims()?.sub);
    assert.equal(payload['sid'], tokens.claims()?.['sid']);
    assert.ok(payload['sid']);
    assert.equal(payload['nonce'], undefined);
    assert.equal(arrived(await rp.open(browser, rp.request({ prompt: 'none' })), address).params.get('error'), 'login_required');
  },
});
