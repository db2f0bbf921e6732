import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { storedClient } from '#src/oidc/clients.ts';
import { openStores } from '#src/stores/index.ts';

test('profile legacy-report prints the table and ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-report-'));
  try {
    const stores = await openStores({ now: Date.now, onError: () => {}, dataDir: folder });
    await stores.durable.clients.seed([storedClient({ client_id: 'portal-js', first_party: true, legacy: { until: '2099-12-29', forms: ['paths'] } })]);
    await stores.durable.legacy.add([{ clientId: 'portal-js', form: 'paths', day: '2020-01-02', count: 7, lastAt: Date.parse('2020-01-02T10:00:00Z') }]);
    await stores.close();
    const env = { PATH: process.env['PATH'], DATA_DIR: folder };
    const { stdout } = await promisify(execFile)(process.execPath, ['bin/profile.mjs', 'legacy-report'], { env });
    assert.match(stdout, /^client .*\nportal-js +paths +2020-01-02 +0 +2099-12-29\n$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
