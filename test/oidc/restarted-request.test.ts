import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { api, register } from '../support/clients.ts';
import { PASSWORD } from '../support/journey.ts';
import { signedUp } from '../support/signed-up.ts';
import { start } from '../support/start.ts';

const RECORDS = 'https://records.example.test/';
const PAYMENTS = 'https://payments.example.test/';

const s = await start();
const { person } = await signedUp(s);
await s.stores.durable.apis.seed([api(RECORDS), api(PAYMENTS)]);
after(() => s.close());

test('a request for several APIs is the same request when its visit died and it starts again', async () => {
  const rp = await register(s, { resources: { [RECORDS]: ['record:read'], [PAYMENTS]: ['record:read'] } });
  const request = new URL((await rp.request({ scope: 'openid record:read' })).url);
  for (const resource of [RECORDS, PAYMENTS]) request.searchParams.append('resource', resource);
  const uid = /\/interaction\/([^/]+)\//.exec((await s.browser().open(request.href)).url)?.[1];
  const other = s.browser();
  other.plant('lang', 'en');
  const page = await other.open(`/auth/${uid}`);
  assert.match(page.url, /\/sign-in$/);
  const end = await other.submit({ identifier: person.code, password: PASSWORD });
  assert.match(end.url, /[?&]code=/);
});
