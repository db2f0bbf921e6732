import { join } from 'node:path';
import type Koa from 'koa';
import { accountRouter } from './account/router.ts';
import { doctorRouter } from './admin/doctor-router.ts';
import type { Config } from './config.ts';
import { fixedCode, withoutCitizen } from './conformance.ts';
import { ProfileError } from './errors.ts';
import { createAssets } from './http/assets.ts';
import { loadBrand } from './http/brand.ts';
import { cookiePrefix } from './http/cookies.ts';
import { errorPage } from './http/error-page.ts';
import { bodyLimit } from './http/form.ts';
import { hostGuard } from './http/host-guard.ts';
import { languageSwitch } from './http/language-switch.ts';
import { createTexts, languageOf } from './http/locale.ts';
import type { Log } from './http/log.ts';
import { originCheck } from './http/origin-check.ts';
import { createPages, type Locals, type Pages } from './http/page.ts';
import { publicCache } from './http/public-cache.ts';
import { requestLog } from './http/request-log.ts';
import { securityHeaders } from './http/security-headers.ts';
import { createLimiter, type Limiter } from './identity/limiter.ts';
import { createCodes } from './identity/one-time-code.ts';
import { createOutboxDelivery } from './identity/outbox-delivery.ts';
import { createHasher } from './identity/password.ts';
import type { Clock, Connectors, Durable, Ephemeral } from './identity/ports.ts';
import { createRegistryWatch } from './identity/registry-watch.ts';
import { createHmac256, createSeal } from './identity/seal.ts';
import { createSmsDispatch, type Note } from './identity/sms-dispatch.ts';
import { createDrafts } from './interaction/drafts.ts';
import { createKnownBrowsers } from './interaction/known-browsers.ts';
import { interactionRouter } from './interaction/router.ts';
import type { Services } from './interaction/step.ts';
import { LEGACY_POSTS, legacyEndpoints } from './legacy/endpoints.ts';
import { announceEnd } from './legacy/permission.ts';
import { createUseCount } from './legacy/uses.ts';
import { createApiLookup } from './oidc/apis.ts';
import { createBackChannel } from './oidc/back-channel.ts';
import { createBridge } from './oidc/bridge.ts';
import { createDoctor } from './oidc/doctor.ts';
import type { SigningKeys } from './oidc/keys.ts';
import { createLegacyBridge } from './oidc/legacy-bridge.ts';
import { applyMishaps, type Mishaps } from './oidc/mishaps.ts';
import { postedRequest } from './oidc/posted-request.ts';
import { createProvider, PROTOCOL_POSTS } from './oidc/provider.ts';
import { sandboxMark } from './oidc/sandbox-mark.ts';
import { serveKeys } from './oidc/serve-keys.ts';
import { createProtocolPages } from './protocol-pages.ts';

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
  /** Sends owed messages that are due, and tells people who wait for a register. */
  deliver(): Promise<number>;
  watchRegistry(): Promise<number>;
  /** Tells relying parties that are due of sign-outs. */
  tellSignOuts(): Promise<number>;
  /** Reads the signing keys again, makes those that are due, and serves them. */
  refreshKeys(): Promise<void>;
  /** Resolves when no code is on its way to the gateway, and what the doctor saw and old forms used is written down. */
  drained(): Promise<void>;
};

const ROOT = join(import.meta.dirname, '..');
const HEALTH: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Puts the whole server together. No side effects but what the parts given do; main.ts and the tests supply them. */
export function createApp(parts: Parts): App {
  const { config, stores, connectors: outside, signingKeys, now, log, hashes, mishaps, innerAddresses = false } = parts;
  const { limits, issuer } = config;
  const connectors = config.conformance ? withoutCitizen(outside) : outside;
  const { durable, ephemeral } = stores;
  const secure = issuer.startsWith('https:');
  const texts = createTexts(join(ROOT, 'locales'));
  const brand = loadBrand(join(ROOT, config.configDir));
  const assets = createAssets(join(ROOT, 'src/browser'), brand.css);
  const pages = createPages({ folder: join(ROOT, 'views'), texts, brand, assets, language: config.language, sandbox: config.sandbox });

  const note: Note = (level, event, fields) => log[level]({ ...fields }, event);
  const keyed = createHmac256(config.dataSecret, 'counters');
  const seal = createSeal(config.dataSecret, 'interactions');
  const outbox = createOutboxDelivery({ outbox: durable.outbox, sms: connectors.sms, now, note });
  const sms = createSmsDispatch({ sms: connectors.sms, budget: durable.budget, now, limits, note });
  const services: Services = {
    durable,
    connectors,
    codes: createCodes({ ephemeral, keyed, now, limits, fixed: config.conformance ? fixedCode : undefined }),
    limiter: createLimiter({ ephemeral, keyed, now, limits }),
    hasher: createHasher({ concurrency: hashes, queue: limits.hashQueue, retryAfter: limits.hashRetryAfter }),
    sms,
    nudge: () => setImmediate(() => void outbox.run().catch((error) => note('error', 'outbox.failed', { error }))),
    seal,
    now,
    limits,
    policy: config.policy,
    host: new URL(issuer).hostname,
    supportPhone: brand.in('fa').supportPhone,
  };

  const protocolPages = createProtocolPages({ render: pages.render, log, clientName: (client) => clientNameOf(client), language: config.language });
  const api = createApiLookup(durable.apis, now);
  const provider = createProvider({
    issuer,
    cookieSecrets: config.cookieSecrets,
    pairwiseSecret: config.pairwiseSecret,
    proxyHops: config.proxyHops,
    dataSecret: config.dataSecret,
    ...(config.certificates ? { certificates: config.certificates } : {}),
    publicKeys: () => signingKeys.published().keys,
    innerAddresses: innerAddresses || config.conformance,
    conformance: config.conformance,
    jwks: signingKeys.served(),
    durable,
    ephemeral,
    api,
    now,
    limits,
    sandbox: config.sandbox,
    pages: {
      ...protocolPages,
      async interactionUrl(_ctx, { uid, params, deviceCode }) {
        if (!deviceCode) await bridge.keepRequest(uid, params);
        return `/interaction/${uid}`;
      },
      async error(ctx, out, error) {
        const uid = error.name === 'SessionNotFound' && ctx.path.startsWith('/auth/') ? ctx.path.split('/')[2] : undefined;
        const restart = uid ? await bridge.restart(uid) : undefined;
        if (restart && !(restart.again && !ctx.get('Cookie'))) return ctx.redirect(restart.url);
        await protocolPages.error(ctx, out, error);
      },
    },
  });
  const bridge = createBridge({ provider, ephemeral, now, limits, seal, api });
  const backChannel = createBackChannel({ provider, notices: durable.logoutNotices, now, note });
  const legacyUses = createUseCount({ store: durable.legacy, now, onError: (error) => log.error({ error }, 'legacy uses') });
  const legacyBridge = createLegacyBridge({
    provider,
    durable,
    jwks: () => signingKeys.published(),
    now,
    limits,
    used(ctx, client, form) {
      announceEnd(ctx, client);
      ctx.res.once('finish', () => legacyUses.add(client.id, [form]));
    },
  });
  const doctor = createDoctor({
    provider,
    ephemeral,
    now,
    limits,
    pairwiseSecret: config.pairwiseSecret,
    onError: (error) => note('warn', 'doctor.failed', { error }),
  });

  /** The e-service that the person came from, on every error page that can know it. */
  const extras = async (ctx: Koa.Context, error: ProfileError): Promise<Locals> => {
    const clientId = error.detail['clientId'];
    const client = typeof clientId === 'string' ? await bridge.client(clientId) : undefined;
    const restart = error.detail['restart'];
    const language = languageOf(ctx, config.language);
    return {
      data: {
        ...(client ? { client: { name: client.names[language] ?? client.id, ...(client.startUrl ? { startUrl: client.startUrl } : {}) } } : {}),
        ...(typeof restart === 'string' ? { restart } : {}),
      },
    };
  };

  if (config.sandbox) provider.use(cookiePrefix(sandboxMark.cookiePrefix));
  provider.use(securityHeaders(secure));
  provider.use(publicCache(limits.jwksCacheAge));
  provider.use(requestLog(log));
  provider.use(errorPage(pages.render, log, extras));
  provider.use(hostGuard(issuer, HEALTH));
  provider.use(health(stores, log));
  provider.use(assets.serve);
  provider.use(bodyLimit(limits.bodyBytes));
  if (config.sandbox && mishaps) provider.use(applyMishaps(provider, mishaps));
  // Before the check of the origin: who carries a bearer token is no browser that somebody led here.
  if (config.operatorToken) {
    const { operatorToken } = config;
    const operators = doctorRouter({
      doctor,
      accounts: durable.accounts,
      texts,
      operatorToken,
      bodyBytes: limits.bodyBytes,
      note: (event, fields) => log.info(fields, event),
    });
    provider.use(operators.routes() as Koa.Middleware);
  }
  provider.use(originCheck(issuer, new Set([...PROTOCOL_POSTS, ...LEGACY_POSTS])));
  provider.use(postedRequest(limits.bodyBytes));
  provider.use(longParameters(limits.parameterLength));
  provider.use(languageSwitch(secure));
  provider.use(deviceCodes(services.limiter));
  provider.use(legacyEndpoints({ bridge: legacyBridge, store: durable.legacy, now, limits, uses: legacyUses }));
  const router = { bridge, services, render: pages.render, texts, language: config.language };
  const interactions = interactionRouter({
    ...router,
    drafts: createDrafts({ ephemeral, seal, limits }),
    knownBrowsers: createKnownBrowsers({ seal, keyed, now, limits }),
  });
  const account = accountRouter({ ...router, issuer });
  provider.use(interactions.routes() as Koa.Middleware);
  provider.use(account.routes() as Koa.Middleware);
  listen(provider as unknown as Koa, log);

  const watch = createRegistryWatch({ waiting: durable.waiting, connectors, seal, now });
  return {
    koa: provider,
    pages,
    deliver: () => outbox.run(),
    watchRegistry: () => watch.run(),
    tellSignOuts: () => backChannel.deliver(),
    refreshKeys: serveKeys(provider, signingKeys),
    drained: async () => void (await Promise.all([sms.drained(), legacyUses.flush(), doctor.settled()])),
  };

  function clientNameOf(client: { clientId: string; [field: string]: unknown } | undefined): (language: 'fa' | 'en') => string | undefined {
    const names = client?.['names'] as Record<string, string> | undefined;
    return (language) => names?.[language];
  }
}

/** What the protocol library reports, in our log. Its types know only some of its events. */
function listen(emitter: Koa, log: Log): void {
  emitter.on('error', (error: unknown) => log.error({ error }, 'server'));
  emitter.on('server_error', (_ctx: unknown, error: unknown) => log.error({ error }, 'protocol'));
  for (const event of ['authorization.error', 'grant.error']) emitter.on(event, (_ctx: unknown, error: unknown) => log.info({ error }, event));
}

/** Alive: the process answers. Ready: the stores answer too. Neither says more than yes or no. */
function health({ durable, ephemeral }: Parts['stores'], log: Log): Koa.Middleware {
  return async (ctx, next) => {
    if (!HEALTH.has(ctx.path) || ctx.method !== 'GET') return next();
    if (ctx.path === '/readyz') {
      try {
        await Promise.all([durable.ping(), ephemeral.ping()]);
      } catch (error) {
        log.warn({ error }, 'not ready');
        ctx.status = 503;
        ctx.body = 'unavailable';
        return;
      }
    }
    ctx.body = 'ok';
  };
}

/** Codes of devices are short and anybody may type one: guesses are counted by network. */
function deviceCodes(limiter: Limiter): Koa.Middleware {
  return async (ctx, next) => {
    if (ctx.method === 'POST' && ctx.path === '/device') {
      const verdict = await limiter.take('device-code', { address: ctx.ip });
      if (!verdict.allowed) throw new ProfileError('too-many-attempts', { detail: { retryAfter: verdict.retryAfter } });
    }
    await next();
  };
}

/** A parameter of any length would be kept, logged and sent on (CVE-2026-4634). */
function longParameters(length: number): Koa.Middleware {
  return async (ctx, next) => {
    if (ctx.querystring.length > 8 * length || Object.values(ctx.query).some((value) => typeof value === 'string' && value.length > length))
      throw new ProfileError('bad-request');
    await next();
  };
}
