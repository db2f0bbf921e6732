import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type App, createApp } from './app.ts';
import { type Config, ConfigError, isEmbedded, loadConfig } from './config.ts';
import { CITIZEN, seedConformance } from './conformance.ts';
import { createConnectors } from './connectors/index.ts';
import { httpSigner } from './connectors/signer.ts';
import type { SandboxControls, Simulators } from './connectors/simulators/index.ts';
import { type EmbeddedSecrets, embeddedSecrets, ONE_ADDRESS, sampleClients, sandboxClient } from './embedded.ts';
import { exampleApis, exampleClients, exampleKeys } from './embedded-examples.ts';
import { createLog, type Log } from './http/log.ts';
import { createHasher } from './identity/password.ts';
import type { Durable } from './identity/ports.ts';
import { legacyReport, reportText } from './legacy/report.ts';
import { readApis } from './oidc/apis.ts';
import { readClients } from './oidc/clients.ts';
import { loadSigningKeys, type SigningKeys } from './oidc/keys.ts';
import { keysText, rotationOf } from './oidc/rotate-command.ts';
import { sandboxMark } from './oidc/sandbox-mark.ts';
import { readSandboxCommand, SANDBOX_USAGE, type SandboxCommand } from './sandbox/command.ts';
import { migrateOnly, openStores, type Stores, withDurable } from './stores/index.ts';
import { suiteConfiguration } from './suite-configuration.ts';

/** The process: environment → settings → stores → listen → drain. The only file with side effects of its own. */
/** Read at every call: a sandbox moves the clock of the process. */
const now = (): number => Date.now();

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

const signingKeysOf = (config: Config, keys: Durable['keys'], prefix = ''): Promise<SigningKeys> =>
  loadSigningKeys({
    keys,
    dataSecret: config.dataSecret,
    now,
    prefix,
    limits: config.limits,
    ...(config.signer ? { signer: httpSigner(config.signer, { limits: config.limits, now }) } : {}),
  });

async function serve(): Promise<void> {
  const started = performance.now();
  const { config, secrets, command } = settings();
  const log = createLog(secrets && !process.env['LOG_LEVEL'] ? 'warn' : config.logLevel);
  const sandbox = secrets && command ? await startSandbox(config, secrets, command) : undefined;
  const stores = await openStores({ ...storeSettings(config), onError: (error) => log.error({ error }, 'store') });
  const { sideServers, simulators } = secrets ? await startSurroundings(config, secrets, sandbox?.controls) : { sideServers: [] };
  await stores.durable.clients.seed([...(secrets ? embeddedClients(config, secrets) : []), ...configuredClients(config)]);
  if (config.conformance) await seedSuite(config, stores);
  await stores.durable.apis.seed([...(secrets ? exampleApis() : []), ...configuredApis(config)]);
  const connectors = createConnectors(config, { now, limits: config.limits, note: (event, fields) => log.info(fields, event) });
  const signingKeys = await signingKeysOf(config, stores.durable.keys, sandbox ? sandboxMark.keyPrefix : '');
  const durable = sandbox ? await sandbox.settle(stores, simulators?.world.people ?? [], signingKeys.published()) : stores.durable;
  const { ephemeral } = stores;
  const app = createApp({
    config,
    stores: { durable, ephemeral },
    connectors,
    signingKeys,
    now,
    log,
    hashes: availableParallelism(),
    innerAddresses: secrets !== undefined,
    ...(sandbox ? { mishaps: sandbox.controls.failures } : {}),
  });

  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, app.koa.callback());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(config.port, config.host, resolve));
  const background = startBackground(app, stores, config, log);
  announce(config, performance.now() - started, secrets && command ? sandboxLines(config, secrets, command, sandbox?.controls.password) : []);
  drainOnSignal({ server, app, stores, config, log, background, sideServers });
}

function settings(): { config: Config; secrets?: EmbeddedSecrets; command?: SandboxCommand } {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const command = isSandbox() ? readSandboxCommand(process.argv.slice(3), { env: process.env, readFile, exists: existsSync }) : undefined;
  const env = { ...process.env, ...command?.env };
  if (!isEmbedded(env)) return { config: loadConfig(env, readFile) };
  // Every problem is told before the first file is written.
  if (command) loadConfig({ ...env, ...PLACEHOLDERS }, readFile);
  const secrets = embeddedSecrets(env['DATA_DIR'] || 'data');
  const { eservices: _, club: __, sandbox: ___, ...needed } = secrets;
  return { config: loadConfig({ ...ONE_ADDRESS, ...env, ...needed }, readFile), secrets, ...(command ? { command } : {}) };
}

const isSandbox = (): boolean => process.argv[2] === 'sandbox' || process.env['SANDBOX'] === 'yes';
const PLACEHOLDERS = Object.fromEntries(['COOKIE_SECRETS', 'DATA_SECRET', 'PAIRWISE_SECRET'].map((name) => [name, name.repeat(4)]));

const storeSettings = (config: Config) => ({
  now,
  poolSize: config.poolSize,
  ...(config.databaseUrl ? { databaseUrl: config.databaseUrl } : { dataDir: config.dataDir }),
  ...(config.redisUrl ? { redisUrl: config.redisUrl } : {}),
});

/** The clients of the command: the ready one, and those that the integrator brought. */
const ownClients = (secrets: EmbeddedSecrets, { clients, redirectUris }: SandboxCommand) => [
  ...(redirectUris.length ? [sandboxClient(secrets.sandbox, redirectUris)] : []),
  ...clients,
];

/** Never loaded but for the command `sandbox`. */
async function startSandbox(config: Config, secrets: EmbeddedSecrets, command: SandboxCommand) {
  const { openSandbox } = await import('./sandbox/open.ts');
  const others = sampleClients('', secrets).map(({ clientId }) => clientId);
  return openSandbox(config, ownClients(secrets, command), others);
}

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

const seedSuite = (config: Config, { durable }: Stores): Promise<void> =>
  seedConformance({
    durable,
    dataSecret: config.dataSecret,
    suite: config.conformanceSuite,
    hash: createHasher({ concurrency: 1, queue: 1, retryAfter: 1 }).hash,
    at: Date.now(),
  });

/** `conformance-settings`: what the certification suite is told. Opens nothing. */
function printSuiteConfiguration(): void {
  const { config } = settings();
  if (!config.conformance) throw new Error('CONFORMANCE: set it to yes first');
  console.log(JSON.stringify(suiteConfiguration(config.issuer, config.dataSecret), undefined, 2));
}

type Closing = { close(): Promise<void> };

/** The outside of the embedded mode; never loaded in production. */
async function startSurroundings(
  config: Config,
  secrets: EmbeddedSecrets,
  sandbox: SandboxControls | undefined,
): Promise<{ sideServers: readonly Closing[]; simulators: Simulators }> {
  const { startSimulators } = await import('./connectors/simulators/index.ts');
  const { startEservice } = await import('../examples/eservice/app.ts');
  const url = `http://localhost:${config.eservicePort}`;
  const [simulators, eservice] = await Promise.all([
    startSimulators({ port: config.simulatorsPort, now, places: { issuer: config.issuer, eservice: url }, ...(sandbox ? { sandbox } : {}) }),
    startEservice({
      port: config.eservicePort,
      url,
      issuer: config.issuer,
      clientId: 'eservices',
      clientSecret: secrets.eservices,
      club: { clientId: 'club', clientSecret: secrets.club },
    }),
  ]);
  return { sideServers: [simulators, eservice], simulators };
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
    every(SWEEP_MS, 'sweep', () => durable.records.sweep(now())),
  ];
  return () => timers.forEach(clearInterval);
}

function announce(config: Config, milliseconds: number, more: readonly string[]): void {
  if (config.conformance)
    console.log(`Conformance setting: clients of the certification suite, and the test person ${CITIZEN.identifier.value}. Not for production.`);
  if (config.mode === 'production') {
    console.log(`Profile is ready at ${config.issuer} (${Math.round(milliseconds)} ms)`);
    return;
  }
  const lines = [
    '',
    `  Profile            ${config.issuer}`,
    `  sample e-service   http://localhost:${config.eservicePort}`,
    `  simulators         http://localhost:${config.simulatorsPort}   SMS inbox: /sms   people: /people   registry: /registry`,
    ...more,
    '',
    `  ${config.sandbox ? 'Sandbox' : 'Embedded mode'}, not for production: one process, data in ${config.dataDir}/, everything outside is simulated.`,
    '',
  ];
  console.log(lines.join('\n'));
}

function sandboxLines(config: Config, secrets: EmbeddedSecrets, { clients, redirectUris }: SandboxCommand, password = ''): readonly string[] {
  return [
    `  clock, errors      http://localhost:${config.simulatorsPort}/clock   /failures`,
    ...(redirectUris.length ? ['  client id          sandbox', `  client secret      ${secrets.sandbox}`] : []),
    ...redirectUris.map((uri) => `  redirect URI       ${uri}`),
    ...clients.map(({ clientId }) => `  your client        ${clientId}`),
    `  password           ${password}   of the people at /people who have an account`,
  ];
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
  else if (process.argv[2] === 'sandbox' && process.argv.includes('--help')) console.log(SANDBOX_USAGE);
  else if (process.argv[2] === 'conformance-settings') printSuiteConfiguration();
  else await serve();
} catch (error) {
  console.error(error instanceof ConfigError || !(error instanceof Error) ? String((error as Error).message ?? error) : error.message);
  process.exit(1);
}
