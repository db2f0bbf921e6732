import type { Config } from '#src/config.ts';
import { fixedCode, withoutCitizen } from '#src/conformance.ts';
import { createLimiter } from '#src/identity/limiter.ts';
import { createCodes } from '#src/identity/one-time-code.ts';
import { createOutboxDelivery } from '#src/identity/outbox-delivery.ts';
import { createHasher } from '#src/identity/password.ts';
import type { Clock, Connectors, Durable, Ephemeral } from '#src/identity/ports.ts';
import { createRegistryWatch } from '#src/identity/registry-watch.ts';
import { createHmac256, createSeal } from '#src/identity/seal.ts';
import { createSmsDispatch, type Note } from '#src/identity/sms-dispatch.ts';
import { createDrafts, type Drafts } from '#src/interaction/drafts.ts';
import { createKnownBrowsers, type KnownBrowsers } from '#src/interaction/known-browsers.ts';
import type { Services } from '#src/interaction/step.ts';

type Parts = {
  readonly config: Config;
  readonly durable: Durable;
  readonly ephemeral: Ephemeral;
  readonly outside: Connectors;
  readonly now: Clock;
  readonly note: Note;
  readonly hashes: number;
  readonly supportPhone: string;
};

export type Domain = {
  readonly services: Services;
  readonly drafts: Drafts;
  readonly knownBrowsers: KnownBrowsers;
  /** Sends owed messages that are due. */
  readonly deliver: () => Promise<number>;
  /** Tells people who wait for a register. */
  readonly watchRegistry: () => Promise<number>;
};

/** The domain over the stores and connectors of this process: what the pages ask, and what runs behind them. */
export function createDomain({ config, durable, ephemeral, outside, now, note, hashes, supportPhone }: Parts): Domain {
  const { limits, conformance } = config;
  const connectors = conformance ? withoutCitizen(outside) : outside;
  const keyed = createHmac256(config.dataSecret, 'counters');
  const seal = createSeal(config.dataSecret, 'interactions');
  const outbox = createOutboxDelivery({ outbox: durable.outbox, sms: connectors.sms, now, note });
  const watch = createRegistryWatch({ waiting: durable.waiting, connectors, seal, now });
  return {
    services: {
      durable,
      connectors,
      codes: createCodes({ ephemeral, keyed, now, limits, fixed: conformance ? fixedCode : undefined }),
      limiter: createLimiter({ ephemeral, keyed, now, limits }),
      hasher: createHasher({ concurrency: hashes, queue: limits.hashQueue, retryAfter: limits.hashRetryAfter }),
      sms: createSmsDispatch({ sms: connectors.sms, budget: durable.budget, now, limits, note }),
      nudge: () => setImmediate(() => void outbox.run().catch((error) => note('error', 'outbox.failed', { error }))),
      seal,
      now,
      limits,
      policy: config.policy,
      host: new URL(config.issuer).hostname,
      supportPhone,
    },
    drafts: createDrafts({ ephemeral, seal, limits }),
    knownBrowsers: createKnownBrowsers({ seal, keyed, now, limits }),
    deliver: () => outbox.run(),
    watchRegistry: () => watch.run(),
  };
}
