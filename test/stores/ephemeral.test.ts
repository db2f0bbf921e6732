import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Ephemeral } from '#src/identity/ports.ts';
import { createMemory } from '#src/stores/memory.ts';
import { createRedis } from '#src/stores/redis.ts';
import { REAL } from '../support/start.ts';

/** One suite for the port, on every driver. */
function conformance(driver: string, store: Ephemeral): void {
  const own = randomBytes(8).toString('hex');
  const key = (name: string): string => `${own}:${name}`;
  const it = (name: string, run: () => Promise<void>) => test(`${driver}: ${name}`, run);
  after(() => store.close());

  it('keeps, replaces and forgets', async () => {
    assert.equal(await store.get(key('a')), undefined);
    await store.put(key('a'), 'متن', 60);
    await store.put(key('a'), 'دیگر', 60);
    assert.equal(await store.get(key('a')), 'دیگر');
    assert.deepEqual(await store.getMany([key('a'), key('none'), key('a')]), ['دیگر', undefined, 'دیگر']);
    assert.deepEqual(await store.getMany([]), []);
    await store.put(key('name'), 'a', 60);
    assert.equal(await store.follow(key('name'), key('')), 'دیگر');
    assert.equal(await store.follow(key('none'), key('')), undefined);
    await store.put(key('name'), 'gone', 60);
    assert.equal(await store.follow(key('name'), key('')), undefined);
    await store.drop([key('a')]);
    assert.equal(await store.get(key('a')), undefined);
    await store.drop([]);
  });
  it('ends a value with its lifetime', async () => {
    await store.put(key('short'), 'x', 1);
    assert.equal(await store.get(key('short')), 'x');
    await pause(1_100);
    assert.equal(await store.get(key('short')), undefined);
  });
  it('creates once, however many arrive together', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, (_, index) => store.create(key('one'), String(index), 60)));
    assert.equal(made.filter(Boolean).length, 1);
    assert.equal(await store.get(key('one')), String(made.indexOf(true)));
  });
  it('gives a value to one taker', async () => {
    await store.put(key('take'), 'x', 60);
    const taken = await Promise.all(Array.from({ length: 20 }, () => store.take(key('take'))));
    assert.deepEqual(taken.filter(Boolean), ['x']);
  });
  it('counts each call once, and the lifetime starts with the first', async () => {
    const counts = await Promise.all(Array.from({ length: 50 }, () => store.count(key('count'), 2)));
    assert.deepEqual(
      counts.map(({ count }) => count).sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    await pause(1_100);
    const later = await store.count(key('count'), 2);
    assert.ok(later.count === 51 && later.resetIn <= 1);
    const [seen, none] = await store.counts([key('count'), key('never')]);
    assert.equal(seen?.count, 51);
    assert.deepEqual(none, { count: 0, resetIn: 0 });
    await pause(1_100);
    assert.equal((await store.count(key('count'), 2)).count, 1);
    await store.drop([key('count')]);
    assert.equal((await store.counts([key('count')]))[0]?.count, 0);
  });
  it('ends a group at once, and nothing else', async () => {
    await store.put(key('g1'), 'x', 60, key('group'));
    await store.put(key('g2'), 'y', 30, key('group'));
    await store.put(key('g3'), 'z', 60, key('other'));
    await store.dropGroup(key('group'));
    assert.deepEqual(await store.getMany([key('g1'), key('g2'), key('g3')]), [undefined, undefined, 'z']);
    await store.dropGroup(key('never'));
  });
  it('keeps the newest of a list, newest first, and forgets the list with its lifetime', async () => {
    assert.deepEqual(await store.list(key('list')), []);
    await Promise.all(Array.from({ length: 30 }, (_, index) => store.append(key('list'), `early ${index}`, 5, 60)));
    assert.equal((await store.list(key('list'))).length, 5);
    for (const value of ['یک', 'دو', 'سه']) await store.append(key('list'), value, 5, 1);
    const kept = await store.list(key('list'));
    assert.deepEqual(kept.slice(0, 3), ['سه', 'دو', 'یک']);
    assert.equal(kept.length, 5);
    await pause(1_100);
    assert.deepEqual(await store.list(key('list')), []);
    await store.append(key('list'), 'again', 5, 60);
    await store.drop([key('list')]);
    assert.deepEqual(await store.list(key('list')), []);
  });
  it('answers a ping and counts its round trips', async () => {
    const before = store.roundTrips();
    await store.ping();
    await store.get(key('trip'));
    assert.equal(store.roundTrips(), before + 1);
  });
}

conformance('memory', createMemory(Date.now));
if (REAL.redisUrl) {
  conformance(
    'redis',
    createRedis(REAL.redisUrl, () => {}),
  );
  test('redis: a server that is gone fails every call within its time, and answers nothing open', async () => {
    const gone = createRedis('redis://127.0.0.1:1', () => {});
    await assert.rejects(gone.get('x'));
    await assert.rejects(gone.count('x', 1));
    await gone.close();
  });
} else test('redis', { skip: 'TEST_REDIS_URL is not set; .ci/run sets it' }, () => {});
