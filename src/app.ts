import { join } from 'node:path';
import type Koa from 'koa';
import { createDomain } from './app/domain.ts';
import { middlewareOf } from './app/middleware.ts';
import { createProtocol } from './app/protocol.ts';
import type { Config } from './config.ts';
import { createAssets } from './http/assets.ts';
import { loadBrand } from './http/brand.ts';
import { createTexts } from './http/locale.ts';
import type { Log } from './http/log.ts';
import { createPages, type Pages } from './http/page.ts';
import type { Clock, Connectors, Durable, Ephemeral } from './identity/ports.ts';
import type { Note } from './identity/sms-dispatch.ts';
import type { SigningKeys } from './oidc/keys.ts';
import type { Mishaps } from './oidc/mishaps.ts';
import { serveKeys } from './oidc/serve-keys.ts';

export type Parts = {
  readonly config: Config;
  readonly stores: { readonly durable: Durable; readonly ephemeral: Ephemeral };
  readonly connectors: Connectors;
  readonly signingKeys: SigningKeys;
  readonly now: Clock;
  readonly log: Log;
  /** Password hashes at once; the number of cores. */
  readonly hashes: number;
  /** Errors that an integrator ordered for their own client; a sandbox only. */
  readonly mishaps?: Mishaps;
  /** Whether addresses of relying parties may lie on this machine or network; the embedded mode and tests only. */
  readonly innerAddresses?: boolean;
};

export type App = {
  readonly koa: Koa;
  readonly pages: Pages;
  /** Sends owed messages that are due. */
  deliver(): Promise<number>;
  /** Tells people who wait for a register. */
  watchRegistry(): Promise<number>;
  /** Tells relying parties that are due of sign-outs. */
  tellSignOuts(): Promise<number>;
  /** Reads the signing keys again, makes those that are due, and serves them. */
  refreshKeys(): Promise<void>;
  /** Resolves when no code is on its way to the gateway, and what the doctor saw and old forms used is written down. */
  drained(): Promise<void>;
};

const ROOT = join(import.meta.dirname, '..');

/** Puts the whole server together. No side effects but what the parts given do; the command `serve` and the tests supply them. */
export function createApp(parts: Parts): App {
  const { config, stores, connectors: outside, signingKeys, now, log, hashes, mishaps, innerAddresses = false } = parts;
  const { durable, ephemeral } = stores;
  const note: Note = (level, event, fields) => log[level]({ ...fields }, event);

  const texts = createTexts(join(ROOT, 'locales'));
  const brand = loadBrand(join(ROOT, config.configDir));
  const assets = createAssets(join(ROOT, 'src/browser'), brand.css);
  const pages = createPages({ folder: join(ROOT, 'views'), texts, brand, assets, language: config.language, sandbox: config.sandbox });
  const { render } = pages;

  const domain = createDomain({ config, durable, ephemeral, outside, now, note, hashes, supportPhone: brand.in('fa').supportPhone });
  const { seal, sms } = domain.services;
  const protocol = createProtocol({ config, durable, ephemeral, signingKeys, now, log, note, seal, render, innerAddresses });
  const { provider, backChannel, doctor, legacyUses } = protocol;
  const ping = (): Promise<unknown> => Promise.all([durable.ping(), ephemeral.ping()]);
  for (const middleware of middlewareOf({ config, domain, protocol, texts, assets, render, log, ping, mishaps })) provider.use(middleware);

  return {
    koa: provider,
    pages,
    deliver: domain.deliver,
    watchRegistry: domain.watchRegistry,
    tellSignOuts: () => backChannel.deliver(),
    refreshKeys: serveKeys(provider, signingKeys),
    drained: async () => void (await Promise.all([sms.drained(), legacyUses.flush(), doctor.settled()])),
  };
}
