import { Redis } from 'ioredis';
import type { Count, Ephemeral } from '#src/identity/ports.ts';

const PREFIX = 'profile:';
const COMMAND_TIMEOUT_MS = 2_000;

/** Counts, and gives the first its lifetime, in one act. */
const COUNT = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('TTL', KEYS[1]) }`;

/** Stores a value and joins it to its group; the group lives as long as its longest member. */
const PUT_GROUPED = `
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('SADD', KEYS[2], KEYS[1])
if redis.call('TTL', KEYS[2]) < tonumber(ARGV[2]) then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
return 1`;

/** The value under the name that another value is. */
const FOLLOW = `
local name = redis.call('GET', KEYS[1])
return name and redis.call('GET', ARGV[1] .. name)`;

const DROP_GROUP = `
local members = redis.call('SMEMBERS', KEYS[1])
for i = 1, #members, 500 do redis.call('UNLINK', unpack(members, i, math.min(i + 499, #members))) end
return redis.call('UNLINK', KEYS[1])`;

/** Puts a value at the head, cuts the tail, and begins the lifetime anew, in one act. */
const APPEND = `
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
return redis.call('EXPIRE', KEYS[1], ARGV[3])`;

interface Scripts {
  profileCount(key: string, seconds: number): Promise<[number, number]>;
  profilePutGrouped(key: string, group: string, value: string, seconds: number): Promise<number>;
  profileFollow(key: string, prefix: string): Promise<string | null>;
  profileDropGroup(group: string): Promise<number>;
  profileAppend(key: string, value: string, most: number, seconds: number): Promise<number>;
}

/**
 * The ephemeral port over Redis 7. A command that does not answer within two seconds fails, and with it the request: no counter, no attempt.
 * Commands of one turn of the event loop travel together.
 */
export function createRedis(url: string, onError: (error: unknown) => void): Ephemeral {
  let trips = 0;
  const redis = new Redis(url, {
    keyPrefix: PREFIX,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    enableAutoPipelining: true,
    retryStrategy: (tries) => Math.min(tries * 100, 2_000),
    scripts: {
      profileCount: { lua: COUNT, numberOfKeys: 1 },
      profilePutGrouped: { lua: PUT_GROUPED, numberOfKeys: 2 },
      profileFollow: { lua: FOLLOW, numberOfKeys: 1 },
      profileDropGroup: { lua: DROP_GROUP, numberOfKeys: 1 },
      profileAppend: { lua: APPEND, numberOfKeys: 1 },
    },
  }) as Redis & Scripts;
  redis.on('error', onError);
  const trip = <T>(answer: Promise<T>): Promise<T> => {
    trips += 1;
    return answer;
  };

  return {
    get: async (key) => (await trip(redis.get(key))) ?? undefined,
    getMany: async (keys) => (keys.length ? (await trip(redis.mget([...keys]))).map((value) => value ?? undefined) : []),
    follow: async (key, prefix) => (await trip(redis.profileFollow(key, PREFIX + prefix))) ?? undefined,
    async put(key, value, seconds, group) {
      await trip<unknown>(group === undefined ? redis.set(key, value, 'EX', seconds) : redis.profilePutGrouped(key, group, value, seconds));
    },
    create: async (key, value, seconds) => (await trip(redis.set(key, value, 'EX', seconds, 'NX'))) === 'OK',
    take: async (key) => (await trip(redis.getdel(key))) ?? undefined,
    async drop(keys) {
      if (keys.length) await trip(redis.unlink([...keys]));
    },
    async dropGroup(group) {
      await trip(redis.profileDropGroup(group));
    },
    async count(key, seconds) {
      const [count, resetIn] = await trip(redis.profileCount(key, seconds));
      return { count, resetIn: Math.max(1, resetIn) };
    },
    async counts(keys) {
      if (!keys.length) return [];
      const pipeline = redis.pipeline();
      for (const key of keys) pipeline.get(key).ttl(key);
      const answers = (await trip(pipeline.exec())) ?? [];
      return keys.map((_, index): Count => {
        const [error, count] = answers[2 * index] ?? [];
        if (error) throw error;
        const seconds = Number(answers[2 * index + 1]?.[1] ?? 0);
        return count === null || count === undefined ? { count: 0, resetIn: 0 } : { count: Number(count), resetIn: Math.max(1, seconds) };
      });
    },
    async append(key, value, most, seconds) {
      await trip(redis.profileAppend(key, value, most, seconds));
    },
    list: (key) => trip(redis.lrange(key, 0, -1)),
    async ping() {
      await redis.ping();
    },
    roundTrips: () => trips,
    async close() {
      await redis.quit().catch(() => redis.disconnect());
    },
  };
}
