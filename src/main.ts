import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type App, createApp } from './app.ts';
import { type Config, ConfigError, isEmbedded, loadConfig } from './config.ts';
import { createConnectors } from './connectors/index.ts';
import { httpSigner } from './connectors/signer.ts';
import { type EmbeddedSecrets, embeddedSecrets, ONE_ADDRESS, sampleClients } from './embedded.ts';
import { exampleApis, exampleClients, exampleKeys } from './embedded-examples.ts';
import { createLog, type Log } from './http/log.ts';
import type { Durable } from './identity/ports.ts';
import { legacyReport, reportText } from './legacy/report.ts';
import { readApis } from './oidc/apis.ts';
import { readClients } from './oidc/clients.ts';
import { loadSigningKeys, type SigningKeys } from './oidc/keys.ts';
import { keysText, rotationOf } from './oidc/rotate-command.ts';
import { migrateOnly, openStores, type Stores, withDurable } from './stores/index.ts';

/** The process: environment → settings → stores → listen → drain. The only file with side effects of its own. */
const DELIVER_MS = 5_000;
const WATCH_MS = 20_000;
const SIGN_OUT_MS = 1_000;
const SWEEP_MS = 10 * 60_000;

async function migrateAndEnd(): Promise<void> {
  const { config } = settings();
  const ran = await migrateOnly({ ...storeSettings(config), onError: console.error });
  console.log(ran.length ? `migrated: ${ran.join(', ')}` : 'nothing to migrate');
}

async function printLegacyReport(): Promise<void> {
  const { config } = settings();
  const stores = await openStores({ ...storeSettings(config), onError: console.error });
  console.log(reportText(await legacyReport(stores.durable.legacy, Date.now())));
  await stores.close();
}

/** `rotate-keys`, and `rotate-keys --now` after a compromise. Needs the database only. */
async function rotateKeysAndEnd(flags: readonly string[]): Promise<void> {
  const occasion = rotationOf(flags);
  const { config } = settings();
  const report = await withDurable({ ...storeSettings(config), onError: console.error }, async ({ keys }) =>
    (await signingKeysOf(config, keys)).rotate(occasion),
  );
  console.log(keysText(report));
}

const signingKeysOf = (config: Config, keys: Durable['keys']): Promise<SigningKeys> =>
  loadSigningKeys({
    keys,
    dataSecret: config.dataSecret,
    now: Date.now,
    limits: config.limits,
    ...(config.signer ? { signer: httpSigner(config.signer, { limits: config.limits, now: Date.now }) } : {}),
  });

async function serve(): Promise<void> {
  const started = performance.now();
  const { config, secrets } = settings();
  const log = createLog(secrets && !process.env['LOG_LEVEL'] ? 'warn' : config.logLevel);
  const stores = await openStores({ ...storeSettings(config), onError: (error) => log.error({ error }, 'store') });
  const sideServers = secrets ? await startSurroundings(config, secrets) : [];
  await stores.durable.clients.seed([...(secrets ? embeddedClients(config, secrets) : []), ...configuredClients(config)]);
  await stores.durable.apis.seed([...(secrets ? exampleApis() : []), ...configuredApis(config)]);
  const connectors = createConnectors(config, { now: Date.now, limits: config.limits, note: (event, fields) => log.info(fields, event) });
  const signingKeys = await signingKeysOf(config, stores.durable.keys);
  const app = createApp({ config, stores, connectors, signingKeys, now: Date.now, log, hashes: availableParallelism(), innerAddresses: secrets !== undefined });

  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, app.koa.callback());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(config.port, config.host, resolve));
  const background = startBackground(app, stores, config, log);
  announce(config, performance.now() - started);
  drainOnSignal({ server, app, stores, config, log, background, sideServers });
}

function settings(): { config: Config; secrets?: EmbeddedSecrets } {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  if (!isEmbedded(process.env)) return { config: loadConfig(process.env, readFile) };
  const secrets = embeddedSecrets(process.env['DATA_DIR'] || 'data');
  const { eservices: _, club: __, ...needed } = secrets;
  return { config: loadConfig({ ...ONE_ADDRESS, ...process.env, ...needed }, readFile), secrets };
}

const storeSettings = (config: Config) => ({
  now: Date.now,
  poolSize: config.poolSize,
  ...(config.databaseUrl ? { databaseUrl: config.databaseUrl } : { dataDir: config.dataDir }),
  ...(config.redisUrl ? { redisUrl: config.redisUrl } : {}),
});

const embeddedClients = (config: Config, secrets: EmbeddedSecrets) => [
  ...sampleClients(`http://localhost:${config.eservicePort}`, secrets),
  ...exampleClients(exampleKeys(config.dataDir)),
];

function configuredClients(config: Config) {
  const file = join(config.configDir, 'clients.json');
  return existsSync(file) ? readClients(file) : [];
}

function configuredApis(config: Config) {
  const file = join(config.configDir, 'apis.json');
  return existsSync(file) ? readApis(file) : [];
}

type Closing = { close(): Promise<void> };

/** The outside of the embedded mode; never loaded in production. */
async function startSurroundings(config: Config, secrets: EmbeddedSecrets): Promise<readonly Closing[]> {
  const { startSimulators } = await import('./connectors/simulators/index.ts');
  const { startEservice } = await import('../examples/eservice/app.ts');
  const url = `http://localhost:${config.eservicePort}`;
  return Promise.all([
    startSimulators({ port: config.simulatorsPort, now: Date.now }),
    startEservice({
      port: config.eservicePort,
      url,
      issuer: config.issuer,
      clientId: 'eservices',
      clientSecret: secrets.eservices,
      club: { clientId: 'club', clientSecret: secrets.club },
    }),
  ]);
}

/** Owed messages, people who wait for a register, records that expired. One run at a time; a failure is logged and tried again. */
function startBackground({ deliver, watchRegistry, tellSignOuts, refreshKeys }: App, { durable }: Stores, { limits }: Config, log: Log): () => void {
  const every = (milliseconds: number, name: string, work: () => Promise<unknown>): NodeJS.Timeout => {
    let running = false;
    return setInterval(() => {
      if (running) return;
      running = true;
      void work()
        .catch((error: unknown) => log.error({ error }, name))
        .finally(() => {
          running = false;
        });
    }, milliseconds).unref();
  };
  const timers = [
    every(DELIVER_MS, 'outbox', deliver),
    every(WATCH_MS, 'registry watch', watchRegistry),
    every(SIGN_OUT_MS, 'back-channel logout', tellSignOuts),
    every(limits.keyReread * 1000, 'signing keys', refreshKeys),
    every(SWEEP_MS, 'sweep', () => durable.records.sweep(Date.now())),
  ];
  return () => timers.forEach(clearInterval);
}

function announce(config: Config, milliseconds: number): void {
  if (config.mode === 'production') {
    console.log(`Profile is ready at ${config.issuer} (${Math.round(milliseconds)} ms)`);
    return;
  }
  const lines = [
    '',
    `  Profile            ${config.issuer}`,
    `  sample e-service   http://localhost:${config.eservicePort}`,
    `  simulators         http://localhost:${config.simulatorsPort}   SMS inbox: /sms   people: /people   registry: /registry`,
    '',
    `  Embedded mode, not for production: one process, data in ${config.dataDir}/, everything outside is simulated.`,
    '',
  ];
  console.log(lines.join('\n'));
}

type Drain = { server: Server; app: App; stores: Stores; config: Config; log: Log; background: () => void; sideServers: readonly Closing[] };

/** SIGTERM: no new connection, requests under way may end, then codes under way, then the stores. */
function drainOnSignal({ server, app, stores, config, log, background, sideServers }: Drain): void {
  let draining = false;
  const drain = async (signal: string): Promise<void> => {
    if (draining) return;
    draining = true;
    log.info({ signal }, 'draining');
    background();
    const limit = setTimeout(() => server.closeAllConnections(), config.limits.drain * 1000).unref();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await closed;
    clearTimeout(limit);
    await Promise.race([app.drained(), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
    await Promise.allSettled(sideServers.map((side) => side.close()));
    await stores.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void drain(signal));
  // A rejection that nothing caught is a fault of ours: say so and go on serving.
  process.on('unhandledRejection', (error) => log.error({ error }, 'unhandled'));
}

try {
  if (process.argv[2] === 'migrate') await migrateAndEnd();
  else if (process.argv[2] === 'legacy-report') await printLegacyReport();
  else if (process.argv[2] === 'rotate-keys') await rotateKeysAndEnd(process.argv.slice(3));
  else await serve();
} catch (error) {
  console.error(error instanceof ConfigError || !(error instanceof Error) ? String((error as Error).message ?? error) : error.message);
  process.exit(1);
}
