import { createHmac } from 'node:crypto';
import type { Provider } from 'oidc-provider';

/** The subject that clients of one sector share and nobody else can compute (OpenID Connect Core §8.1). `sector` is a host. */
export const pairwiseSubject = (secret: string, sector: string, subject: string): string =>
  createHmac('sha256', secret).update(`${sector}\0${subject}`).digest('base64url');

/** What the library asks of pairwise clients only to know their sector, in its own words. */
const PROOF_OF_SECTOR = /^(sector_identifier_uri|jwks_uri) is mandatory property$|^pairwise \S+ clients must utilize /;

type Schema = { pairwise_sector?: string; invalidate(message: string, code?: string): void };

/**
 * An operator says which sector a client belongs to (`pairwise_sector`), so it need not prove that by a document at an address of its own, nor a device
 * by a key set: services at several hosts and devices of third parties could not be registered otherwise. Other words of the library refuse as before.
 */
export function believeSectors({ Client }: Provider): void {
  const { prototype } = (Client as unknown as { Schema: { prototype: Schema } }).Schema;
  const { invalidate } = prototype;
  Object.defineProperty(prototype, 'invalidate', {
    value(this: Schema, message: string, code?: string) {
      if (!(this.pairwise_sector && PROOF_OF_SECTOR.test(message))) invalidate.call(this, message, code);
    },
  });
}
