import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { generateKeyPair, SignJWT } from 'jose';
import { exampleClients, makeExampleKeys } from '#src/embedded-examples.ts';
import { PENSIONS, type RunningApi, startApi } from '../../examples/api/app.ts';
import { report } from '../../examples/machine/app.ts';
import { seedExamples } from '../support/examples.ts';
import { type Started, start } from '../support/start.ts';

const AUDIENCE = 'https://pensions.example/api';
let s: Started;
let api: RunningApi;
let key: object;
before(async () => {
  s = await start();
  api = await startApi({ port: 0, issuer: s.origin, audience: AUDIENCE, calls: PENSIONS });
  key = (await seedExamples(s)).machine;
});
after(async () => {
  await api.close();
  await s.close();
});

test('a program without a person signs in with its key and calls the API as itself', async () => {
  const { status, body } = await report({ issuer: s.origin, key, resource: AUDIENCE, address: `${api.url}/history` });
  assert.equal(status, 200);
  assert.deepEqual((body as { caller: object }).caller, { subject: 'machine', clientId: 'machine', scopes: ['pensions.read'] });
});

test('another key is nobody’s, and an API that it is not registered for is refused', async () => {
  await assert.rejects(
    report({ issuer: s.origin, key: makeExampleKeys().machine, resource: AUDIENCE, address: api.url }),
    (error: { error?: string }) => error.error === 'invalid_client',
  );
  await assert.rejects(
    report({ issuer: s.origin, key, resource: 'https://payments.example/api', address: api.url }),
    (error: { error?: string }) => error.error === 'invalid_target',
  );
});

test('outside the embedded mode a key set on this machine is never fetched', async () => {
  let fetched = 0;
  const keySet = createServer((_request, response) => {
    fetched += 1;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [] }));
  }).listen(0, '127.0.0.1');
  await once(keySet, 'listening');
  const jwks_uri = `http://127.0.0.1:${(keySet.address() as AddressInfo).port}/jwks`;
  const inner = await start({}, { innerAddresses: true });
  try {
    for (const [app, times] of [
      [s, 0],
      [inner, 1],
    ] as const) {
      const machine = exampleClients(makeExampleKeys()).find(({ clientId }) => clientId === 'machine');
      assert.ok(machine);
      const { jwks: _, ...rest } = machine.metadata as { jwks: object };
      await app.stores.durable.clients.seed([{ clientId: 'by-address', metadata: { ...rest, client_id: 'by-address', jwks_uri } }]);
      const assertion = await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setIssuer('by-address')
        .setSubject('by-address')
        .setAudience(app.origin)
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign((await generateKeyPair('ES256')).privateKey);
      const form = {
        grant_type: 'client_credentials',
        client_assertion: assertion,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      };
      assert.ok(!(await fetch(`${app.origin}/token`, { method: 'POST', body: new URLSearchParams(form) })).ok);
      assert.equal(fetched, times);
    }
  } finally {
    await inner.close();
    keySet.close();
  }
});
