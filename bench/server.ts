/** One server of the benchmark in its own process: the bare library with its memory adapter, or Profile. Says "ready PORT" and answers /bench/facts. */
import { createServer } from 'node:http';
import { flushCompileCache } from 'node:module';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { createApp } from '#src/app.ts';
import { loadConfig } from '#src/config.ts';
import { createConnectors } from '#src/connectors/index.ts';
import { createLog } from '#src/http/log.ts';
import { hashSecret, storedClient } from '#src/oidc/clients.ts';
import { loadSigningKeys } from '#src/oidc/keys.ts';
import { openStores } from '#src/stores/index.ts';

const started = performance.now();
const server = createServer().listen(0, '127.0.0.1', () => void serve((server.address() as AddressInfo).port));
const RESOURCE = 'https://api.example.test/';
const client = {
  client_id: 'bench',
  redirect_uris: ['http://localhost:9/cb'],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  token_endpoint_auth_method: 'client_secret_basic' as const,
  scope: 'openid profile offline_access',
};

async function serve(port: number): Promise<void> {
  const issuer = `http://127.0.0.1:${port}`;
  const made = process.argv[2] === 'bare' ? await bare(issuer) : await profile(issuer);
  server.on('request', (request, response) => {
    if (request.url === '/bench/facts') response.end(JSON.stringify({ rss: process.memoryUsage.rss(), sql: made.sql(), redis: made.redis() }));
    else made.callback(request, response);
  });
  flushCompileCache();
  console.log(`ready ${port} ${Math.round(performance.now() - started)}`);
}

type Made = { callback: ReturnType<import('koa')['callback']>; sql(): number; redis(): number };

async function bare(issuer: string): Promise<Made> {
  const { Provider } = await import('oidc-provider');
  const { generateKeyPair, exportJWK } = await import('jose');
  const key = { ...(await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey)), alg: 'ES256', use: 'sig' };
  const provider = new Provider(issuer, {
    clients: [{ ...client, client_secret: 'bench-secret', response_types: ['code'], id_token_signed_response_alg: 'ES256' }],
    jwks: { keys: [key] } as never,
    cookies: { keys: ['k'.repeat(32)] },
    scopes: ['openid', 'profile', 'offline_access'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx: unknown, _client: unknown, oneOf?: string[]) => oneOf,
        getResourceServerInfo: async () => ({ scope: 'read', audience: RESOURCE, accessTokenFormat: 'jwt' as const, jwt: { sign: { alg: 'ES256' as const } } }),
      },
    } as never,
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    async loadExistingGrant(ctx) {
      const { session, client: asking } = ctx.oidc;
      const known = asking && session?.grantIdFor(asking.clientId);
      if (known) return ctx.oidc.provider.Grant.find(known);
      const grant = new ctx.oidc.provider.Grant({ accountId: session?.accountId ?? '', clientId: asking?.clientId ?? '' });
      grant.addOIDCScope(String(ctx.oidc.params?.['scope']));
      await grant.save();
      return grant;
    },
  });
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const interaction = await provider.interactionDetails(ctx.req, ctx.res);
    ctx.respond = false;
    await provider.interactionFinished(ctx.req, ctx.res, interaction.prompt.name === 'consent' ? { consent: {} } : { login: { accountId: 'bench' } });
  });
  return { callback: provider.callback(), sql: () => 0, redis: () => 0 };
}

async function profile(issuer: string): Promise<Made> {
  const env = process.env;
  const config = loadConfig({
    ...Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('LIMIT_') || name.startsWith('UID_') || name.startsWith('KAVENEGAR_'))),
    ISSUER: issuer,
    DATABASE_URL: env['TEST_DATABASE_URL'] ?? 'postgres://embedded',
    REDIS_URL: env['TEST_REDIS_URL'] ?? 'redis://embedded',
    COOKIE_SECRETS: 'c'.repeat(32),
    DATA_SECRET: 'd'.repeat(32),
    PAIRWISE_SECRET: 'p'.repeat(32),
  });
  const stores = await openStores({
    now: Date.now,
    onError: () => {},
    ...(env['TEST_DATABASE_URL'] ? { databaseUrl: env['TEST_DATABASE_URL'] } : {}),
    ...(env['TEST_REDIS_URL'] ? { redisUrl: env['TEST_REDIS_URL'] } : {}),
  });
  await stores.durable.clients.seed([
    storedClient({
      ...client,
      first_party: true,
      resources: { [RESOURCE]: ['read'] },
      names: { fa: 'b', en: 'b' },
      start_url: 'http://localhost:9/',
      id_token_signed_response_alg: 'ES256',
      secret_hash: hashSecret('bench-secret'),
    }),
  ]);
  await stores.durable.apis.seed([
    { identifier: RESOURCE, settings: { names: { fa: 'b', en: 'b' }, scopes: { read: { fa: 'b', en: 'b' } }, format: 'jwt', signing_alg: 'ES256' } },
  ]);
  const connectors = createConnectors(config, { now: Date.now, limits: config.limits, note: () => {} });
  const signingKeys = await loadSigningKeys({ keys: stores.durable.keys, dataSecret: config.dataSecret, now: Date.now, limits: config.limits });
  const app = createApp({ config, stores, connectors, signingKeys, now: Date.now, log: createLog('error'), hashes: availableParallelism() });
  return { callback: app.koa.callback(), sql: () => stores.durable.roundTrips(), redis: () => stores.ephemeral.roundTrips() };
}
