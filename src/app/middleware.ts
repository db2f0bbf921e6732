import type { Middleware } from 'koa';
import { accountRouter } from '#src/account/router.ts';
import { doctorRouter } from '#src/admin/doctor-router.ts';
import type { Config } from '#src/config.ts';
import { ProfileError } from '#src/errors.ts';
import type { Assets } from '#src/http/assets.ts';
import { cookiePrefix } from '#src/http/cookies.ts';
import { type ErrorExtras, errorPage } from '#src/http/error-page.ts';
import { bodyLimit } from '#src/http/form.ts';
import { HEALTH, health } from '#src/http/health.ts';
import { hostGuard } from '#src/http/host-guard.ts';
import { languageSwitch } from '#src/http/language-switch.ts';
import { type Language, languageOf, type Texts } from '#src/http/locale.ts';
import type { Log } from '#src/http/log.ts';
import { longParameters } from '#src/http/long-parameters.ts';
import { originCheck } from '#src/http/origin-check.ts';
import type { Render } from '#src/http/page.ts';
import { publicCache } from '#src/http/public-cache.ts';
import { requestLog } from '#src/http/request-log.ts';
import { securityHeaders } from '#src/http/security-headers.ts';
import type { Limiter } from '#src/identity/limiter.ts';
import { interactionRouter } from '#src/interaction/router.ts';
import { LEGACY_POSTS, legacyEndpoints } from '#src/legacy/endpoints.ts';
import type { Bridge } from '#src/oidc/bridge.ts';
import { applyMishaps, type Mishaps } from '#src/oidc/mishaps.ts';
import { postedRequest } from '#src/oidc/posted-request.ts';
import { PROTOCOL_POSTS } from '#src/oidc/provider.ts';
import { sandboxMark } from '#src/oidc/sandbox-mark.ts';
import type { Domain } from './domain.ts';
import type { Protocol } from './protocol.ts';

type Parts = {
  readonly config: Config;
  readonly domain: Domain;
  readonly protocol: Protocol;
  readonly texts: Texts;
  readonly assets: Assets;
  readonly render: Render;
  readonly log: Log;
  /** Throws when a store does not answer. */
  readonly ping: () => Promise<unknown>;
  readonly mishaps?: Mishaps | undefined;
};

/** What a request passes before the protocol library sees it, in this order. */
export function middlewareOf(parts: Parts): readonly Middleware[] {
  const { config, domain, protocol, texts, assets, render, log, ping, mishaps } = parts;
  const { issuer, limits, language } = config;
  const { services } = domain;
  const { bridge } = protocol;
  const secure = issuer.startsWith('https:');
  const pages = { bridge, services, render, texts, language };
  return [
    ...(config.sandbox ? [cookiePrefix(sandboxMark.cookiePrefix)] : []),
    securityHeaders(secure),
    publicCache(limits.jwksCacheAge),
    requestLog(log),
    errorPage(render, log, whereFrom(bridge, language)),
    hostGuard(issuer, HEALTH),
    health(ping, log),
    assets.serve,
    bodyLimit(limits.bodyBytes),
    ...(config.sandbox && mishaps ? [applyMishaps(protocol.provider, mishaps)] : []),
    // Before the check of the origin: who carries a bearer token is no browser that somebody led here.
    ...operators(parts),
    originCheck(issuer, new Set([...PROTOCOL_POSTS, ...LEGACY_POSTS])),
    postedRequest(limits.bodyBytes),
    longParameters(limits.parameterLength),
    languageSwitch(secure),
    deviceCodes(services.limiter),
    legacyEndpoints({ bridge: protocol.legacyBridge, store: services.durable.legacy, now: services.now, limits, uses: protocol.legacyUses }),
    interactionRouter({ ...pages, drafts: domain.drafts, knownBrowsers: domain.knownBrowsers }).routes() as Middleware,
    accountRouter({ ...pages, issuer }).routes() as Middleware,
  ];
}

/** The API of operators; not there without their token. */
function operators({ config: { operatorToken, limits }, domain: { services }, protocol: { doctor }, texts, log }: Parts): readonly Middleware[] {
  if (!operatorToken) return [];
  const note = (event: string, fields: Readonly<Record<string, unknown>>): void => log.info(fields, event);
  const router = doctorRouter({ doctor, accounts: services.durable.accounts, texts, operatorToken, bodyBytes: limits.bodyBytes, note });
  return [router.routes() as Middleware];
}

/** The e-service that the person came from, on every error page that can know it. */
function whereFrom(bridge: Bridge, preset: Language): ErrorExtras {
  return async (ctx, { detail: { clientId, restart } }) => {
    const client = typeof clientId === 'string' ? await bridge.client(clientId) : undefined;
    const name = client?.names[languageOf(ctx, preset)] ?? client?.id;
    return {
      data: {
        ...(client ? { client: { name, ...(client.startUrl ? { startUrl: client.startUrl } : {}) } } : {}),
        ...(typeof restart === 'string' ? { restart } : {}),
      },
    };
  };
}

/** Codes of devices are short and anybody may type one: guesses are counted by network. */
function deviceCodes(limiter: Limiter): Middleware {
  return async (ctx, next) => {
    if (ctx.method === 'POST' && ctx.path === '/device') {
      const verdict = await limiter.take('device-code', { address: ctx.ip });
      if (!verdict.allowed) throw new ProfileError('too-many-attempts', { detail: { retryAfter: verdict.retryAfter } });
    }
    await next();
  };
}
