import { Redis } from 'ioredis';

const DATABASES = 15;
const HELD_SECONDS = 900;

/** An empty Redis database of its own, and a way to let its keys grow older: a real server does not follow the clock of a test. */
export async function freshRedis(url: string): Promise<{ url: string; age(seconds: number): Promise<void>; release(): Promise<void> }> {
  const keeper = new Redis(url);
  for (let index = 1; index <= DATABASES; index += 1) {
    if ((await keeper.set(`held:${index}`, process.pid, 'EX', HELD_SECONDS, 'NX')) !== 'OK') continue;
    const own = new URL(url);
    own.pathname = `/${index}`;
    const client = new Redis(own.href);
    await client.flushdb();
    return {
      url: own.href,
      async age(seconds) {
        for (const key of await client.keys('*')) {
          const left = await client.pttl(key);
          if (left < 0) continue;
          if (left <= seconds * 1000) await client.del(key);
          else await client.pexpire(key, Math.ceil(left - seconds * 1000));
        }
      },
      async release() {
        await client.quit();
        await keeper.del(`held:${index}`);
        await keeper.quit();
      },
    };
  }
  throw new Error('no Redis database is free');
}
