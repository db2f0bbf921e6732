import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { httpSigner } from '#src/connectors/signer.ts';
import { createSeal } from '#src/identity/seal.ts';
import { DEFAULT_LIMITS } from '#src/limits.ts';
import { ALGORITHMS } from '#src/oidc/key-material.ts';
import { loadSigningKeys } from '#src/oidc/keys.ts';
import { type RunningSigner, startSigner } from '../../examples/external-signing/signer.ts';
import type { Browser } from '../support/browser.ts';
import { signedUp } from '../support/signed-up.ts';
import { type Started, start } from '../support/start.ts';
import { askAgain, refreshed, seedClients, signedIn } from '../support/tokens.ts';
import { cachingVerifier } from '../support/verifier.ts';

const token = 't'.repeat(32);
const folder = mkdtempSync(join(tmpdir(), 'signer-'));
let signer: RunningSigner;
let s: Started;
let browser: Browser;
before(async () => {
  signer = await startSigner({ folder, port: 0, token });
  s = await start({ SIGNER_URL: signer.url, SIGNER_TOKEN: token });
  await seedClients(s, ALGORITHMS);
  ({ browser } = await signedUp(s));
});
after(async () => {
  await s.close();
  await signer.close();
  rmSync(folder, { recursive: true, force: true });
});

const openSigner = (given = token) => httpSigner({ url: signer.url, token: given }, { limits: DEFAULT_LIMITS, now: Date.now });

test('the signer signs with every algorithm, also after a rotation, and the database never holds a private key', async () => {
  const families = [];
  for (const algorithm of ALGORITHMS) families.push({ algorithm, tokens: await signedIn(s, browser, algorithm) });
  for (const { tokens } of families) await cachingVerifier(s.origin).verify(tokens.id_token);
  const before = signer.signatures();
  await s.signingKeys.rotate('compromise');
  await s.app.refreshKeys();
  await s.pass(2 * DEFAULT_LIMITS.keyReread);
  await s.app.refreshKeys();
  for (const { algorithm, tokens } of families) await cachingVerifier(s.origin).verify((await refreshed(s.origin, algorithm, tokens)).id_token);
  // Each new key proved itself once, and then signed one token.
  assert.equal(signer.signatures() - before, 2 * ALGORITHMS.length);
  assert.equal(readdirSync(folder).length, 2 * ALGORITHMS.length);
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0);

  const seal = createSeal(s.dataSecret, 'signing-keys');
  for (const { kid, sealed } of await s.stores.durable.keys.list()) {
    const jwk = JSON.parse(seal.open(sealed, kid) ?? '') as object;
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi']) assert.ok(!(member in jwk), member);
  }
  assert.ok(s.signingKeys.list().every(({ kept }) => kept === 'signer'));
});

test('while the signer is away no token is issued and everything else goes on; it comes back with its keys', async () => {
  const tokens = await signedIn(s, browser, 'ES256');
  const other = await signedIn(s, browser, 'ES256');
  const { port } = new URL(signer.url);
  await signer.close();
  assert.equal((await askAgain(s.origin, 'ES256', tokens)).status, 500);
  assert.equal((await fetch(`${s.origin}/jwks`)).status, 200);
  assert.equal((await browser.open('/')).status, 200);
  signer = await startSigner({ folder, port: Number(port), token });
  await s.pass(2);
  await cachingVerifier(s.origin).verify((await refreshed(s.origin, 'ES256', other)).id_token);
});

test('an installation changes over by a rotation: what it kept itself signs until then, and needs the signer from then on', async () => {
  const { keys } = s.stores.durable;
  await keys.change((known) => ({ add: [], move: [], remove: known.map(({ kid }) => kid) }));
  const parts = { keys, dataSecret: s.dataSecret, now: Date.now, limits: DEFAULT_LIMITS };
  await loadSigningKeys(parts);
  const both = await loadSigningKeys({ ...parts, signer: openSigner() });
  const report = await both.rotate('planned');
  for (const { phase, kept } of report) assert.equal(kept, phase === 'next' ? 'signer' : 'here');
  await assert.rejects(loadSigningKeys(parts), /SIGNER_URL is not set/);
});

test('a signer that refuses, or signs with another key than it names, gives no key', async () => {
  await assert.rejects(openSigner('wrong').make('ES256'), /did not answer \/keys as agreed: status 401/);
  await assert.rejects(openSigner().make('none'), /status 400/);
  await assert.rejects(openSigner().sign('unknown', Buffer.from('x')), /status 404/);
  const honest = openSigner();
  const one = (await honest.make('ES256')) as { kid: string };
  const parts = { dataSecret: s.dataSecret, now: Date.now, limits: DEFAULT_LIMITS };
  const { keys } = s.stores.durable;
  const before = await keys.list();
  const own = await loadSigningKeys({ ...parts, keys, signer: { ...honest, sign: (_kid, bytes) => honest.sign(one.kid, bytes) } });
  await assert.rejects(own.rotate('compromise'), /signature/i);
  assert.deepEqual(await keys.list(), before, 'nothing of it is stored');
});
