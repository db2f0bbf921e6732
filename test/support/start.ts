import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type App, createApp } from '#src/app.ts';
import { loadConfig } from '#src/config.ts';
import { seedConformance } from '#src/conformance.ts';
import { createConnectors } from '#src/connectors/index.ts';
import { httpSigner } from '#src/connectors/signer.ts';
import { type Simulators, startSimulators } from '#src/connectors/simulators/index.ts';
import { ONE_ADDRESS, sampleClients } from '#src/embedded.ts';
import { createLog } from '#src/http/log.ts';
import { createHasher } from '#src/identity/password.ts';
import { loadSigningKeys, type SigningKeys } from '#src/oidc/keys.ts';
import { openStores, type Stores } from '#src/stores/index.ts';
import { Browser } from './browser.ts';
import { freshDatabase } from './database.ts';
import { freshRedis } from './redis.ts';

/** Where the suite runs: the embedded stores, or real ones where their addresses are set. */
export const REAL = { databaseUrl: process.env['TEST_DATABASE_URL'], redisUrl: process.env['TEST_REDIS_URL'] };

export type Started = {
  readonly origin: string;
  readonly app: App;
  readonly signingKeys: SigningKeys;
  readonly stores: Stores;
  readonly simulators: Simulators;
  /** Every log line, as written. */
  readonly logged: string[];
  readonly secrets: { readonly eservices: string; readonly club: string };
  readonly dataSecret: string;
  /** Moves the clock on, in seconds: the whole process's, because the protocol library reads it by itself. */
  pass(seconds: number): Promise<void>;
  browser(): Browser;
  /** A second process of the same installation: the same settings and stores, an address of its own. */
  beside(): Promise<{ readonly origin: string; readonly app: App; readonly signingKeys: SigningKeys }>;
  close(): Promise<void>;
};

/** The real app on a free port, with simulators over real sockets. The caller closes it. */
export async function start(env: Readonly<Record<string, string>> = {}, { innerAddresses = false } = {}): Promise<Started> {
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
  if (config.conformance) {
    const { hash } = createHasher({ concurrency: 1, queue: 1, retryAfter: 1 });
    await seedConformance({ durable: stores.durable, dataSecret: config.dataSecret, suite: config.conformanceSuite, hash, at: now() });
  }
  const connectors = createConnectors(config, { now, limits: config.limits, note: (event, fields) => log.info(fields, event) });
  const signer = config.signer && httpSigner(config.signer, { limits: config.limits, now });
  /** One process of the installation: its own keys in memory, its own app. */
  const openApp = async (): Promise<{ app: App; signingKeys: SigningKeys }> => {
    const signingKeys = await loadSigningKeys({ keys: stores.durable.keys, dataSecret: config.dataSecret, now, limits: config.limits, signer });
    return { signingKeys, app: createApp({ config, stores, connectors, signingKeys, now, log, hashes: 2, innerAddresses }) };
  };
  const { app, signingKeys } = await openApp();
  const others: Server[] = [];
  server.on('request', app.koa.callback());

  return {
    origin,
    app,
    signingKeys,
    stores,
    simulators,
    logged,
    secrets,
    dataSecret: config.dataSecret,
    async pass(seconds) {
      ahead += seconds * 1000;
      Date.now = () => realNow() + ahead;
      await redis?.age(seconds);
    },
    browser: () => new Browser(origin),
    async beside() {
      const made = await openApp();
      const answer = made.app.koa.callback();
      const other = createServer((request, response) => {
        // As behind a balancer: the second process is reached by its own port and asked by the public name.
        request.headers.host = new URL(origin).host;
        return answer(request, response);
      }).listen(0, '127.0.0.1');
      await once(other, 'listening');
      others.push(other);
      return { ...made, origin: `http://127.0.0.1:${(other.address() as AddressInfo).port}` };
    },
    async close() {
      for (const each of [server, ...others]) {
        each.closeAllConnections();
        each.close();
      }
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
