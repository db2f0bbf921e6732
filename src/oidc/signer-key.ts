import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { ExternalSigningKey } from 'oidc-provider';
import type { Signer } from '#src/identity/ports.ts';

/** A key whose private part this process never sees: the library asks it to sign, and publishes its public part. */
class SignerKey extends ExternalSigningKey {
  readonly #publicKey: KeyObject;
  readonly #sign: (bytes: Uint8Array) => Promise<Uint8Array>;

  constructor(publicKey: KeyObject, sign: (bytes: Uint8Array) => Promise<Uint8Array>) {
    super();
    this.#publicKey = publicKey;
    this.#sign = sign;
  }
  override keyObject(): KeyObject {
    return this.#publicKey;
  }
  override sign(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#sign(bytes);
  }
}

/** Throws when `jwk` is no public key. */
export function signerKey({ kid, alg, ...jwk }: { readonly kid: string; readonly alg: string } & JsonWebKey, signer: Signer): ExternalSigningKey {
  const key = new SignerKey(createPublicKey({ key: jwk, format: 'jwk' }), (bytes) => signer.sign(kid, bytes));
  // Both have setters, which the library's types leave out.
  return Object.assign(key, { kid, alg });
}
