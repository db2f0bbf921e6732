import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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
  const { makeExampleKeys } = await import('#src/embedded-examples.ts');
  await assert.rejects(
    report({ issuer: s.origin, key: makeExampleKeys().machine, resource: AUDIENCE, address: api.url }),
    (error: { error?: string }) => error.error === 'invalid_client',
  );
  await assert.rejects(
    report({ issuer: s.origin, key, resource: 'https://payments.example/api', address: api.url }),
    (error: { error?: string }) => error.error === 'invalid_target',
  );
});
