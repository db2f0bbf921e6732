import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Clock, Keys, StoredKey } from '#src/identity/ports.ts';
import { createSeal } from '#src/identity/seal.ts';

/** RS256 because relying parties expect it by default; ES256 for those that choose it. RSA 3072 is 128-bit strength (NIST SP 800-57 §5.6.1). */
const ALGORITHMS = ['RS256', 'ES256'] as const;
const RSA_BITS = 3072;

/** The signing keys, generated once and kept encrypted; `prefix` begins the `kid` of new ones. Throws when the data secret does not open them. */
export async function loadSigningKeys(keys: Keys, dataSecret: string, now: Clock, prefix = ''): Promise<{ keys: JWK[] }> {
  const seal = createSeal(dataSecret, 'signing-keys');
  const stored = await keys.ensure(() => Promise.all(ALGORITHMS.map((algorithm) => makeKey(algorithm, seal, now, prefix))));
  return {
    keys: stored.map(({ kid, sealed }) => {
      const text = seal.open(sealed, kid);
      if (text === undefined) throw new Error('the signing keys were sealed with another DATA_SECRET');
      return JSON.parse(text) as JWK;
    }),
  };
}

async function makeKey(algorithm: (typeof ALGORITHMS)[number], seal: ReturnType<typeof createSeal>, now: Clock, prefix: string): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true, ...(algorithm === 'RS256' ? { modulusLength: RSA_BITS } : {}) });
  const jwk = await exportJWK(privateKey);
  const kid = `${prefix}${await calculateJwkThumbprint(jwk)}`;
  return { kid, algorithm, sealed: seal.seal(JSON.stringify({ ...jwk, kid, alg: algorithm, use: 'sig' }), kid), createdAt: now() };
}
