import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type App, createApp } from '#src/app.ts';
import { loadConfig } from '#src/config.ts';
import { createConnectors } from '#src/connectors/index.ts';
import { type Simulators, startSimulators } from '#src/connectors/simulators/index.ts';
import { ONE_ADDRESS, sampleClients } from '#src/embedded.ts';
import { createLog } from '#src/http/log.ts';
import { loadSigningKeys } from '#src/oidc/keys.ts';
import { openStores, type Stores } from '#src/stores/index.ts';
import { Browser } from './browser.ts';
import { freshDatabase } from './database.ts';
import { freshRedis } from './redis.ts';

/** Where the suite runs: the embedded stores, or real ones where their addresses are set. */
export const REAL = { databaseUrl: process.env['TEST_DATABASE_URL'], redisUrl: process.env['TEST_REDIS_URL'] };

export type Started = {
  readonly origin: string;
  readonly app: App;
  readonly stores: Stores;
  readonly simulators: Simulators;
  /** Every log line, as written. */
  readonly logged: string[];
  readonly secrets: { readonly eservices: string; readonly club: string };
  /** Moves the clock on, in seconds: the whole process's, because the protocol library reads it by itself. */
  pass(seconds: number): Promise<void>;
  browser(): Browser;
  close(): Promise<void>;
};

/** The real app on a free port, with simulators over real sockets. The caller closes it. */
export async function start(env: Readonly<Record<string, string>> = {}): Promise<Started> {
  const now = (): number => Date.now();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const simulators = await startSimulators({ port: 0, host: '127.0.0.1', now, slowMs: 300 });
  const logged: string[] = [];
  const log = createLog('debug', { write: (line) => void logged.push(line) });
  const config = loadConfig({
    ISSUER: origin,
    DATABASE_URL: 'postgres://unused',
    REDIS_URL: 'redis://unused',
    // Fresh for every start, so that starts that share a Redis never meet each other's keys.
    COOKIE_SECRETS: secret(),
    DATA_SECRET: secret(),
    PAIRWISE_SECRET: secret(),
    UID_URL: `${simulators.url}/uid`,
    UID_BUSINESS_ID: 'test',
    UID_BUSINESS_TOKEN: 'test',
    KAVENEGAR_URL: `${simulators.url}/kavenegar`,
    KAVENEGAR_API_KEY: 'test',
    ...ONE_ADDRESS,
    ...env,
  });
  const redis = REAL.redisUrl ? await freshRedis(REAL.redisUrl) : undefined;
  const stores = await openStores({
    now,
    onError: (error) => log.error({ error }, 'store'),
    ...(REAL.databaseUrl ? { databaseUrl: await freshDatabase(REAL.databaseUrl) } : {}),
    ...(redis ? { redisUrl: redis.url } : {}),
  });
  const secrets = { eservices: secret(), club: secret() };
  await stores.durable.clients.seed(sampleClients(RELYING_PARTY, secrets));
  const connectors = createConnectors(config, { now, limits: config.limits, note: (event, fields) => log.info(fields, event) });
  const jwks = await loadSigningKeys(stores.durable.keys, config.dataSecret, now);
  const app = createApp({ config, stores, connectors, jwks, now, log, hashes: 2 });
  server.on('request', app.koa.callback());

  return {
    origin,
    app,
    stores,
    simulators,
    logged,
    secrets,
    async pass(seconds) {
      ahead += seconds * 1000;
      Date.now = () => realNow() + ahead;
      await redis?.age(seconds);
    },
    browser: () => new Browser(origin),
    async close() {
      server.closeAllConnections();
      server.close();
      await app.drained();
      await simulators.close();
      await stores.close();
      await redis?.release();
    },
  };
}

const realNow = Date.now;
let ahead = 0;

const secret = (): string => randomBytes(32).toString('base64url');

/** Nothing listens here: a browser of the tests stops when it is sent to a relying party. */
export const RELYING_PARTY = 'http://localhost:9';
