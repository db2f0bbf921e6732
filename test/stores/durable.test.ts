import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ProfileError } from '#src/errors.ts';
import type { Durable, NewAccount } from '#src/identity/ports.ts';
import { lockDataFolder } from '#src/stores/data-folder.ts';
import { migrateOnly, openStores, type Stores } from '#src/stores/index.ts';
import { freshDatabase } from '../support/database.ts';
import { REAL } from '../support/start.ts';

const settings = { now: Date.now, onError: () => {} };
const person = { firstName: 'الف', lastName: 'ب', fatherName: 'پ', birthDate: '1991-10-04' };
const newAccount = (value: string = randomUUID()): NewAccount => ({
  subject: randomUUID(),
  identifier: { kind: 'national', value },
  mobile: '+989121234567',
  person,
  passwordHash: 'hash',
});
const key = { algorithm: 'ES256', sealed: 's', signsFrom: 7 };
const message = (id = randomUUID()) => ({ id, to: '+989121234567', text: 'متن' });

/** One suite for the port, on every driver. */
function conformance(driver: string, open: () => Promise<Stores>): void {
  let stores: Stores;
  let store: Durable;
  before(async () => {
    stores = await open();
    store = stores.durable;
  });
  after(() => stores.close());
  const it = (name: string, run: () => Promise<void>) => test(`${driver}: ${name}`, run);

  it('of fifty accounts for one code that arrive together one is made, with its message', async () => {
    const value = randomUUID();
    const made = await Promise.all(
      Array.from({ length: 50 }, () => store.accounts.create(newAccount(value), [message(`created:${value}:${randomUUID()}`)], 5)),
    );
    assert.equal(made.filter(Boolean).length, 1);
    const owed = await store.outbox.claim(100, 10, 60);
    assert.equal(owed.filter(({ id }) => id.startsWith(`created:${value}`)).length, 1);
    const account = await store.accounts.findByIdentifier({ kind: 'national', value });
    assert.deepEqual(account?.person, person);
    assert.deepEqual(await store.accounts.find(account?.subject ?? ''), account);
    assert.equal(await store.accounts.findByIdentifier({ kind: 'foreign', value }), undefined, 'the kind is part of the key');
  });
  it('a new password ends sessions, grants and refresh tokens of that person, and owes the message, in one act', async () => {
    const [one, two] = [newAccount(), newAccount()];
    for (const { subject } of [one, two]) {
      await store.records.put('Grant', { id: `g-${subject}`, payload: {}, subject, grantId: `g-${subject}`, expiresAt: 1e15 });
      await store.records.put('RefreshToken', { id: `r-${subject}`, payload: {}, subject, grantId: `g-${subject}`, expiresAt: 1e15 });
    }
    await store.accounts.create(one, [], 1);
    await store.accounts.create(two, [], 1);
    const note = message();
    await store.accounts.setPassword(one.subject, 'new', { at: 12_345, recovered: true }, [note]);
    const account = await store.accounts.find(one.subject);
    assert.deepEqual([account?.passwordHash, account?.sessionsFrom, account?.recoveredAt, account?.passwordChangedAt], ['new', 13_000, 12_345, 12_345]);
    assert.equal(await store.records.find('Grant', `g-${one.subject}`, 1), undefined);
    assert.equal(await store.records.find('RefreshToken', `r-${one.subject}`, 1), undefined);
    assert.ok(await store.records.find('RefreshToken', `r-${two.subject}`, 1));
    assert.ok((await store.outbox.claim(100, 20_000, 60)).some(({ id }) => id === note.id));
  });
  it('a name with a NUL names nothing', async () => {
    const name = `a\0${randomUUID()}`;
    assert.deepEqual(
      [await store.accounts.find(name), await store.clients.find(name), await store.apis.find(name), await store.records.find('Grant', name, 1)],
      [undefined, undefined, undefined, undefined],
    );
    assert.deepEqual(await store.records.findRefreshToken(name, 1), {});
    assert.deepEqual(await store.legacy.clientsOfSignout(name), []);
  });
  it('a rehash replaces only the hash it was made from', async () => {
    const account = newAccount();
    await store.accounts.create(account, [], 1);
    await store.accounts.rehash(account.subject, 'other', 'x');
    assert.equal((await store.accounts.find(account.subject))?.passwordHash, 'hash');
    await store.accounts.rehash(account.subject, 'hash', 'better');
    assert.equal((await store.accounts.find(account.subject))?.passwordHash, 'better');
  });
  it('a message is taken by one worker, comes back when it was not sent, and is never queued twice', async () => {
    await store.outbox.claim(1000, 1e14, 0).then((all) => Promise.all(all.map(({ id }) => store.outbox.sent(id, 1))));
    const notes = Array.from({ length: 10 }, () => message());
    for (const note of [...notes, ...notes]) await store.outbox.add(note, 100);
    const taken = (await Promise.all(Array.from({ length: 5 }, () => store.outbox.claim(4, 200, 60)))).flat();
    assert.equal(taken.length, 10);
    assert.equal(new Set(taken.map(({ id }) => id)).size, 10);
    assert.deepEqual(await store.outbox.claim(10, 200, 60), []);
    const [first, second] = taken;
    await store.outbox.sent(first?.id ?? '', 300);
    await store.outbox.postpone(second?.id ?? '', 500);
    const again = await store.outbox.claim(100, 70_000, 60);
    assert.equal(again.length, 9);
    assert.equal(again.find(({ id }) => id === second?.id)?.tries, 2);
    await store.outbox.add({ id: first?.id ?? '', to: 'x', text: 'again' }, 400);
    assert.ok(!(await store.outbox.claim(100, 1e14, 60)).some(({ id }) => id === first?.id), 'sent once');
  });
  it('the day’s budget is never exceeded', async () => {
    const day = randomUUID();
    const taken = await Promise.all(Array.from({ length: 50 }, () => store.budget.take(day, 20)));
    assert.deepEqual(
      taken.filter((count) => count !== undefined).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    assert.equal(await store.budget.take(`${day}x`, 20), 1);
  });
  it('whoever waits is told once', async () => {
    const id = randomUUID();
    await store.waiting.add({ id, sealed: 's', at: 1, until: 1e15 });
    await store.waiting.add({ id: `${id}-over`, sealed: 's', at: 1, until: 5 });
    assert.deepEqual(
      (await store.waiting.list(10, 10)).filter((entry) => entry.id.startsWith(id)),
      [{ id, sealed: 's' }],
    );
    const settled = await Promise.all([1, 2, 3].map(() => store.waiting.settle(id, message(`back:${id}`), 10)));
    assert.equal(settled.filter(Boolean).length, 1);
  });
  it('consents are merged, found and withdrawn', async () => {
    const account = newAccount();
    await store.accounts.create(account, [], 1);
    assert.equal(await store.consents.find(account.subject, 'club'), undefined);
    await store.consents.allow(account.subject, 'club', ['openid', 'profile'], 1);
    await store.consents.allow(account.subject, 'club', ['openid', 'phone'], 2);
    assert.deepEqual(await store.consents.find(account.subject, 'club'), ['openid', 'profile', 'phone']);
    await store.consents.withdraw(account.subject, 'club');
    assert.equal(await store.consents.find(account.subject, 'club'), undefined);
  });
  it('of twenty that replace one refresh token one succeeds, and a late save does not make it new', async () => {
    const [id, grantId] = [randomUUID(), randomUUID()];
    const record = { id, payload: { a: 1 }, grantId, subject: 's', clientId: 'c', expiresAt: 1e15 };
    await store.records.put('RefreshToken', record);
    const successors = Array.from({ length: 20 }, () => ({ ...record, id: randomUUID() }));
    const stored = await Promise.all(successors.map((successor) => store.records.rotate(id, 77, successor)));
    assert.equal(stored.filter(Boolean).length, 1);
    const found = await Promise.all(successors.map((successor) => store.records.find('RefreshToken', successor.id, 1)));
    assert.deepEqual(
      found,
      successors.map((successor, index) => (stored[index] ? successor : undefined)),
    );
    await store.records.put('RefreshToken', { ...record, payload: { a: 2 } });
    assert.deepEqual(await store.records.find('RefreshToken', id, 1), { ...record, payload: { a: 2 }, consumed: 77 });
    assert.equal(await store.records.rotate('never', 1, { ...record, id: randomUUID() }), false);
    await store.records.remove('RefreshToken', id);
    assert.equal(await store.records.find('RefreshToken', id, 1), undefined);
  });
  it('a token comes with its grant and its account in one round trip, each only while it stands', async () => {
    const [account, grantId, id] = [newAccount(), randomUUID(), randomUUID()];
    await store.accounts.create(account, [], 1);
    const grant = { id: grantId, payload: { g: 1 }, grantId, subject: account.subject, expiresAt: 500 };
    const token = { id, payload: { t: 1 }, grantId, subject: account.subject, clientId: 'c', expiresAt: 1000 };
    await store.records.put('Grant', grant);
    await store.records.put('RefreshToken', token);
    const known = await store.accounts.find(account.subject);
    const before = store.roundTrips();
    assert.deepEqual(await store.records.findRefreshToken(id, 400), { token, grant, account: known });
    assert.deepEqual(await store.records.findGrant(grantId, account.subject, 400), { grant, account: known });
    assert.equal(store.roundTrips(), before + 2);
    assert.deepEqual(await store.records.findRefreshToken(id, 600), { token, account: known }, 'the grant is over');
    assert.deepEqual(await store.records.findRefreshToken(id, 1000), {});
    assert.deepEqual(await store.records.findGrant('nothing', 'nobody', 1), {});
  });
  it('a grant ends with all that hangs on it; what expired is gone', async () => {
    const grantId = randomUUID();
    await store.records.put('Grant', { id: grantId, payload: {}, grantId, expiresAt: 1e15 });
    await store.records.put('RefreshToken', { id: `r${grantId}`, payload: {}, grantId, expiresAt: 1e15 });
    await store.records.removeGrant(grantId);
    assert.equal(await store.records.find('RefreshToken', `r${grantId}`, 1), undefined);
    await store.records.put('Grant', { id: `old${grantId}`, payload: {}, grantId: 'x', expiresAt: 50 });
    assert.equal(await store.records.find('Grant', `old${grantId}`, 50), undefined);
    assert.ok((await store.records.sweep(60)) >= 1);
  });
  it('clients are seeded once and never overwritten', async () => {
    const clientId = randomUUID();
    assert.equal(await store.clients.seed([{ clientId, metadata: { a: 1 } }]), 1);
    assert.equal(await store.clients.seed([{ clientId, metadata: { a: 2 } }]), 0);
    assert.deepEqual(await store.clients.find(clientId), { clientId, metadata: { a: 1 } });
    assert.equal(await store.clients.find('nobody'), undefined);
    assert.equal(await store.clients.seed([]), 0);
  });
  it('processes that start together agree on the keys', async () => {
    const made = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        store.keys.change((known) => ({ add: known.length ? [] : [{ ...key, kid: `k${index}`, createdAt: index }], move: [], remove: [] })),
      ),
    );
    assert.equal(made[0]?.length, 1);
    for (const keys of made) assert.deepEqual(keys, made[0]);
    assert.deepEqual(await store.keys.moments(), made[0]);
    assert.deepEqual(await store.keys.list(), [{ ...key, ...made[0]?.[0] }]);
  });
  it('a key is added, given its end and forgotten, and a change that fails changes nothing', async () => {
    const [old, fresh] = [randomUUID(), randomUUID()];
    const ours = async () => (await store.keys.moments()).filter(({ kid }) => kid === old || kid === fresh);
    await store.keys.change(() => ({ add: [{ ...key, kid: old, createdAt: 100 }], move: [], remove: [] }));
    const [first] = await ours();
    assert.deepEqual(first, { kid: old, algorithm: 'ES256', createdAt: 100, signsFrom: 7 });
    const ended = { ...first!, signsUntil: 300, goneAt: 400 };
    const after = await store.keys.change(() => ({ add: [{ ...key, kid: fresh, createdAt: 200, signsFrom: 300 }], move: [ended], remove: [] }));
    assert.deepEqual(await store.keys.moments(), after);
    assert.deepEqual(await ours(), [ended, { kid: fresh, algorithm: 'ES256', createdAt: 200, signsFrom: 300 }]);
    // The second key has a name that is taken: the end of the first must not be stored either.
    await assert.rejects(store.keys.change(() => ({ add: [{ ...key, kid: old, createdAt: 1 }], move: [{ ...ended, goneAt: 1 }], remove: [fresh] })));
    assert.deepEqual(await ours(), [ended, { kid: fresh, algorithm: 'ES256', createdAt: 200, signsFrom: 300 }]);
    await store.keys.change(() => ({ add: [], move: [], remove: [old, fresh] }));
    assert.deepEqual(await ours(), []);
  });
  it('uses of the old interface add up by client, form and day, and clients are found by what their terms say', async () => {
    const [clientId, uri] = [randomUUID(), `https://rp.test/${randomUUID()}`];
    const use = { clientId, form: 'paths', day: '2026-11-02', count: 2, lastAt: 200 };
    await Promise.all([use, { ...use, lastAt: 100 }, { ...use, day: '2026-11-01', lastAt: 50 }].map((one) => store.legacy.add([one])));
    await store.legacy.add([]);
    const since = async (day: string) => (await store.legacy.since(day)).filter((one) => one.clientId === clientId);
    assert.deepEqual(await since('2026-11-02'), [{ clientId, form: 'paths', count: 4, lastAt: 200 }]);
    assert.deepEqual(await since('2026-11-01'), [{ clientId, form: 'paths', count: 6, lastAt: 200 }]);
    assert.deepEqual(await since('2026-11-03'), [{ clientId, form: 'paths', count: 0, lastAt: 200 }]);
    const metadata = { legacy: { signout_uris: [uri] } };
    await store.clients.seed([
      { clientId, metadata },
      { clientId: randomUUID(), metadata: { legacy: 'no terms' } },
    ]);
    assert.deepEqual(await store.legacy.clientsOfSignout(uri), [{ clientId, metadata }]);
    assert.deepEqual(await store.legacy.clientsOfSignout(uri.slice(0, -1)), []);
    const known = await store.legacy.clients();
    assert.ok(known.some((client) => client.clientId === clientId) && !known.some((client) => client.metadata['legacy'] === 'no terms'));
  });
  it('answers a ping', async () => {
    const before = store.roundTrips();
    await store.ping();
    assert.equal(store.roundTrips(), before + 1);
  });
}

conformance('PGlite', () => openStores(settings));
if (REAL.databaseUrl) {
  const { databaseUrl } = REAL;
  conformance('PostgreSQL', async () => openStores({ ...settings, databaseUrl: await freshDatabase(databaseUrl), poolSize: 10 }));
  test('PostgreSQL: processes that start together migrate once', async () => {
    const own = await freshDatabase(databaseUrl);
    const ran = await Promise.all([1, 2, 3].map(() => migrateOnly({ ...settings, databaseUrl: own })));
    assert.equal(ran.flat().length, new Set(ran.flat()).size);
  });
} else test('PostgreSQL', { skip: 'TEST_DATABASE_URL is not set; .ci/run sets it' }, () => {});

test('a database that is gone is an explained failure, with a time to come back', async () => {
  const stores = await openStores(settings);
  await stores.close();
  await assert.rejects(
    stores.durable.accounts.find('x'),
    (error: unknown) => error instanceof ProfileError && error.code === 'unavailable' && error.detail.retryAfter === 30,
  );
});

test('the embedded database keeps what was acknowledged, also after a kill -9, and a second process is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  try {
    const first = await openStores({ ...settings, dataDir: folder });
    await first.durable.accounts.create(newAccount('kept'), [], 1);
    await assert.rejects(
      promisify(execFile)(process.execPath, [
        '--input-type=module',
        '-e',
        `import('${import.meta.resolve('#src/stores/data-folder.ts')}').then(({ lockDataFolder }) => lockDataFolder(${JSON.stringify(folder)}))`,
      ]),
      /in use by process/,
    );
    await first.close();
    // A lock that a dead process left: no process has this number.
    writeFileSync(join(folder, 'profile.lock'), '4194999');
    const second = await openStores({ ...settings, dataDir: folder });
    assert.ok(await second.durable.accounts.findByIdentifier({ kind: 'national', value: 'kept' }));
    await second.close();
    lockDataFolder(folder).release();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
