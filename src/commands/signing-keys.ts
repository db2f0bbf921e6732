import type { Config } from '#src/config.ts';
import { httpSigner } from '#src/connectors/signer.ts';
import type { Durable } from '#src/identity/ports.ts';
import { loadSigningKeys, type SigningKeys } from '#src/oidc/keys.ts';
import { now } from './settings.ts';

/** The keys of this installation, from its database or its signer. `prefix`: of the names of keys that are made. */
export const signingKeysOf = (config: Config, keys: Durable['keys'], prefix = ''): Promise<SigningKeys> =>
  loadSigningKeys({
    keys,
    dataSecret: config.dataSecret,
    now,
    prefix,
    limits: config.limits,
    ...(config.signer ? { signer: httpSigner(config.signer, { limits: config.limits, now }) } : {}),
  });
