import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { freshDatabase } from './database.ts';
import { freshRedis } from './redis.ts';
import { freePorts, type Run, run, until } from './spawned.ts';

/** One operating-system process of an installation. */
export type Server = Run & {
  readonly name: string;
  /** A request as a balancer passes it on, with the whole answer. Throws Unanswered when the connection fails. */
  ask(path: string, form?: Readonly<Record<string, string>>): Promise<Response>;
};

export class Unanswered extends Error {
  readonly server: Server;

  constructor(server: Server, cause: unknown) {
    super(`${server.name} does not answer`, { cause });
    this.server = server;
  }
}

export type Installation = {
  /** A further server on the same stores, once it is ready. */
  open(): Promise<Server>;
  /** A command of the operator, with the settings of the servers; its output. Throws when it fails. */
  command(...args: string[]): Promise<string>;
  close(): Promise<void>;
};

type Registered = { readonly clients: readonly object[]; readonly apis: readonly object[] };

const PUBLIC = new URL('https://profile.example');
/** Nothing listens here: a server of a test asks nobody. */
const NOBODY = 'http://127.0.0.1:9';

/** An installation as in production: an https name, a balancer in front, real stores of its own, settings by the environment and files. */
export async function install(
  stores: { readonly databaseUrl: string; readonly redisUrl: string },
  { clients, apis }: Registered,
  settings: Readonly<Record<string, string>> = {},
): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'profile-installation-'));
  cpSync('config', folder, { recursive: true });
  writeFileSync(join(folder, 'clients.json'), JSON.stringify(clients));
  writeFileSync(join(folder, 'apis.json'), JSON.stringify(apis));
  const redis = await freshRedis(stores.redisUrl);
  const secret = (): string => randomBytes(32).toString('base64url');
  const env = {
    ISSUER: PUBLIC.origin,
    HOST: '127.0.0.1',
    PROXY_HOPS: '1',
    DATABASE_URL: await freshDatabase(stores.databaseUrl),
    REDIS_URL: redis.url,
    COOKIE_SECRETS: secret(),
    DATA_SECRET: secret(),
    PAIRWISE_SECRET: secret(),
    UID_URL: NOBODY,
    UID_BUSINESS_ID: 'test',
    UID_BUSINESS_TOKEN: 'test',
    KAVENEGAR_URL: NOBODY,
    KAVENEGAR_API_KEY: 'test',
    CONFIG_DIR: relative('.', folder),
    LOG_LEVEL: 'warn',
    ...settings,
  };
  const running: Run[] = [];
  const spawned = (args: readonly string[], more: Readonly<Record<string, string>>): Run => {
    const one = run({ ...env, ...more }, args);
    running.push(one);
    return one;
  };
  let count = 0;

  return {
    async open() {
      count += 1;
      const name = `server ${count}`;
      const [port = 0] = await freePorts(1, '127.0.0.1');
      const server: Server = {
        name,
        ...spawned([], { PORT: String(port) }),
        async ask(path, form) {
          try {
            return await passOn(port, path, form);
          } catch (error) {
            throw new Unanswered(server, error);
          }
        },
      };
      await until(() => server.output().includes('Profile is ready') || server.child.exitCode !== null, server.output);
      if (server.child.exitCode !== null) throw new Error(`${server.name} ended: ${server.output()}`);
      return server;
    },
    async command(...args) {
      const { exit, output } = spawned(args, {});
      if ((await exit) !== 0) throw new Error(output());
      return output();
    },
    async close() {
      for (const { child } of running) child.kill('SIGKILL');
      await Promise.all(running.map(({ exit }) => exit));
      await redis.release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const connections = new Agent({ keepAlive: true });

/** Not by fetch, which names the address that it connects to as Host. */
async function passOn(port: number, path: string, form?: Readonly<Record<string, string>>): Promise<Response> {
  const body = form && String(new URLSearchParams(form));
  const asked = request({
    host: '127.0.0.1',
    port,
    path,
    agent: connections,
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      Host: PUBLIC.host,
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-For': '127.0.0.1',
      ...(body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
    },
  }).end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  // A connection that breaks amid the answer is told by the answer too.
  asked.on('error', () => {});
  return new Response(await buffer(answer), { status: answer.statusCode ?? 0, headers: answer.headers as Record<string, string> });
}
