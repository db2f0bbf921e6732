import { calculateJwkThumbprint, compactVerify, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { ExternalSigningKey } from 'oidc-provider';
import type { MadeKey } from '#src/identity/key-schedule.ts';
import type { Signer, StoredKey } from '#src/identity/ports.ts';
import { createSeal } from '#src/identity/seal.ts';
import { signerKey } from './signer-key.ts';

/** RFC 7518 §3.1 and RFC 8037 §3.1. RSA 3072 is 128-bit strength (NIST SP 800-57 §5.6.1), as the curves are. Discovery names them in this order. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

const PARAMETERS: Readonly<Record<Algorithm, { readonly modulusLength?: number; readonly crv?: string }>> = {
  RS256: { modulusLength: 3072 },
  PS256: { modulusLength: 3072 },
  ES256: {},
  EdDSA: { crv: 'Ed25519' },
};

/** What the protocol library signs with: a private JWK, or a key that asks a signer. `publicJwk` is what everybody may see. */
export type OpenKey = { readonly signs: JWK | ExternalSigningKey; readonly publicJwk: JWK; readonly kept: 'here' | 'signer' };

export type KeyMaterial = {
  /** A new key, sealed. Throws when the signer does not answer, or signs with another key than it names. */
  make(algorithm: Algorithm): Promise<MadeKey>;
  /** Throws when the data secret does not open it, or when a signer keeps it and none is set. */
  open(key: StoredKey): OpenKey;
};

type MaterialParts = { readonly dataSecret: string; readonly signer?: Signer | undefined; readonly prefix?: string };

/** Makes and opens keys. What is stored is sealed with the data secret: a private JWK, or the public JWK of a key that the signer keeps. */
export function createKeyMaterial({ dataSecret, signer, prefix = '' }: MaterialParts): KeyMaterial {
  const seal = createSeal(dataSecret, 'signing-keys');
  return {
    async make(algorithm) {
      const jwk = signer ? await makeOutside(algorithm, signer) : await makeHere(algorithm);
      // A signer knows its keys by their thumbprint alone.
      const kid = `${signer ? '' : prefix}${await calculateJwkThumbprint(jwk)}`;
      return { kid, algorithm, sealed: seal.seal(JSON.stringify({ ...jwk, kid, alg: algorithm, use: 'sig' }), kid) };
    },
    open({ kid, sealed }) {
      const text = seal.open(sealed, kid);
      if (text === undefined) throw new Error('the signing keys were sealed with another DATA_SECRET');
      const jwk = JSON.parse(text) as JWK & { kid: string; alg: string };
      const publicJwk = publicPart(jwk);
      if (jwk.d) return { signs: jwk, publicJwk, kept: 'here' };
      if (!signer) throw new Error(`a signer keeps the signing key ${kid}, and SIGNER_URL is not set`);
      return { signs: signerKey(jwk, signer), publicJwk, kept: 'signer' };
    },
  };
}

async function makeHere(algorithm: Algorithm): Promise<JWK> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true, ...PARAMETERS[algorithm] });
  return exportJWK(privateKey);
}

/** The signer proves that it holds what it names before anybody is told of the key. */
async function makeOutside(algorithm: Algorithm, signer: Signer): Promise<JWK> {
  const jwk = publicPart((await signer.make(algorithm)) as JWK);
  const kid = await calculateJwkThumbprint(jwk);
  const signed = `${base64url(JSON.stringify({ alg: algorithm }))}.${base64url('a first signature')}`;
  const signature = base64url(await signer.sign(kid, Buffer.from(signed)));
  await compactVerify(`${signed}.${signature}`, await importJWK(jwk, algorithm), { algorithms: [algorithm] });
  return jwk;
}

const base64url = (value: string | Uint8Array): string => Buffer.from(value as string).toString('base64url');

/** Public members only (RFC 7518 §6.2.1, §6.3.1; RFC 8037 §2); what a JWK may carry beyond them is not passed on. */
function publicPart({ kty, crv, x, y, n, e, kid, alg, use }: JWK): JWK {
  return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e, kid, alg, use })) as JWK;
}
