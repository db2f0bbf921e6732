import type Koa from 'koa';
import type { Config } from '#src/config.ts';
import type { Log } from '#src/http/log.ts';
import type { Render } from '#src/http/page.ts';
import type { Clock, Durable, Ephemeral } from '#src/identity/ports.ts';
import type { Seal } from '#src/identity/seal.ts';
import type { Note } from '#src/identity/sms-dispatch.ts';
import { announceEnd } from '#src/legacy/permission.ts';
import { createUseCount } from '#src/legacy/uses.ts';
import { createApiLookup } from '#src/oidc/apis.ts';
import { createBackChannel } from '#src/oidc/back-channel.ts';
import { createBridge } from '#src/oidc/bridge.ts';
import { createDoctor } from '#src/oidc/doctor.ts';
import type { SigningKeys } from '#src/oidc/keys.ts';
import { createLegacyBridge } from '#src/oidc/legacy-bridge.ts';
import { createProvider } from '#src/oidc/provider.ts';
import { createProtocolPages } from './protocol-pages.ts';

type Parts = {
  readonly config: Config;
  readonly durable: Durable;
  readonly ephemeral: Ephemeral;
  readonly signingKeys: SigningKeys;
  readonly now: Clock;
  readonly log: Log;
  readonly note: Note;
  readonly seal: Seal;
  readonly render: Render;
  readonly innerAddresses: boolean;
};

export type Protocol = ReturnType<typeof createProtocol>;

/** The provider, and everything that takes part in its requests. */
export function createProtocol({ config, durable, ephemeral, signingKeys, now, log, note, seal, render, innerAddresses }: Parts) {
  const { limits, pairwiseSecret } = config;
  const protocolPages = createProtocolPages({ render, log, language: config.language });
  const api = createApiLookup(durable.apis, now);
  const provider = createProvider({
    issuer: config.issuer,
    cookieSecrets: config.cookieSecrets,
    pairwiseSecret,
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
  const doctor = createDoctor({ provider, ephemeral, now, limits, pairwiseSecret, onError: (error) => note('warn', 'doctor.failed', { error }) });
  const backChannel = createBackChannel({ provider, notices: durable.logoutNotices, now, note, told: doctor.toldSignOut });
  report(provider as unknown as Koa, log);
  return { provider, bridge, backChannel, doctor, legacyUses, legacyBridge };
}

/** What the protocol library reports, in our log. Its types know only some of its events. */
function report(emitter: Koa, log: Log): void {
  emitter.on('error', (error: unknown) => log.error({ error }, 'server'));
  emitter.on('server_error', (_ctx: unknown, error: unknown) => log.error({ error }, 'protocol'));
  for (const event of ['authorization.error', 'grant.error']) emitter.on(event, (_ctx: unknown, error: unknown) => log.info({ error }, event));
}
