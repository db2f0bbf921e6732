import type { Server } from 'node:http';
import type { App } from '#src/app.ts';
import type { Log } from '#src/http/log.ts';
import type { Stores } from '#src/stores/index.ts';
import type { Closing } from './surroundings.ts';

type Parts = {
  readonly server: Server;
  readonly app: App;
  readonly stores: Stores;
  /** For requests under way. */
  readonly seconds: number;
  readonly log: Log;
  readonly stopBackground: () => void;
  readonly sideServers: readonly Closing[];
};

/** SIGTERM: no new connection, requests under way may end, then codes under way, then the stores. */
export function drainOnSignal({ server, app, stores, seconds, log, stopBackground, sideServers }: Parts): void {
  let draining = false;
  const drain = async (signal: string): Promise<void> => {
    if (draining) return;
    draining = true;
    log.info({ signal }, 'draining');
    stopBackground();
    const limit = setTimeout(() => server.closeAllConnections(), seconds * 1000).unref();
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
