import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import { createApp } from '#src/app.ts';
import { createConnectors } from '#src/connectors/index.ts';
import { createLog } from '#src/http/log.ts';
import { sandboxMark } from '#src/oidc/sandbox-mark.ts';
import { openStores } from '#src/stores/index.ts';
import { readyText } from './serve/announcement.ts';
import { startBackground } from './serve/background.ts';
import { drainOnSignal } from './serve/drain.ts';
import { seedRelyingParties } from './serve/seeds.ts';
import { startSandbox, startSurroundings } from './serve/surroundings.ts';
import { type Call, now, settingsOf, storeSettings } from './settings.ts';
import { signingKeysOf } from './signing-keys.ts';

/** Stores → what stands around the embedded mode → clients and APIs → keys → app → listen → background work → drain at the end. */
export async function serve(call: Call): Promise<void> {
  const started = performance.now();
  const settings = await settingsOf(call);
  const { config, secrets } = settings;
  const log = createLog(secrets && !call.env['LOG_LEVEL'] ? 'warn' : config.logLevel);
  const sandbox = await startSandbox(settings);
  const stores = await openStores(storeSettings(config, (error) => log.error({ error }, 'store')));
  const { sideServers, people } = await startSurroundings(settings, sandbox?.controls);
  await seedRelyingParties(stores.durable, settings);
  const connectors = createConnectors(config, { now, limits: config.limits, note: (event, fields) => log.info(fields, event) });
  const signingKeys = await signingKeysOf(config, stores.durable.keys, sandbox ? sandboxMark.keyPrefix : '');
  const durable = sandbox ? await sandbox.settle(stores, people, signingKeys.published()) : stores.durable;
  const app = createApp({
    config,
    stores: { durable, ephemeral: stores.ephemeral },
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
  const stopBackground = startBackground(app, stores.durable, config.limits, log);
  call.print(readyText(settings, performance.now() - started, sandbox?.controls.password));
  drainOnSignal({ server, app, stores, seconds: config.limits.drain, log, stopBackground, sideServers });
}
