import { createHmac } from 'node:crypto';
import type { Provider } from 'oidc-provider';

/** The subject that clients of one sector share and nobody else can compute (OpenID Connect Core §8.1). `sector` is a host. */
export const pairwiseSubject = (secret: string, sector: string, subject: string): string =>
  createHmac('sha256', secret).update(`${sector}\0${subject}`).digest('base64url');

type SectorClient = { readonly [field: string]: unknown };

/**
 * What a pairwise client's subjects are computed for: the sector it is registered in, else the host of its redirect address. The address of an installed
 * application names no host of its own (`com.example.app:/callback`, a loopback host), so every such client is its own sector.
 */
export function sectorOf(client: SectorClient): string {
  if (client['pairwise_sector']) return client['pairwise_sector'] as string;
  const uris = (client['redirectUris'] as readonly string[] | undefined) ?? [];
  const own = client['applicationType'] === 'native' && uris.some((uri) => NO_HOST.test(URL.parse(uri)?.hostname ?? ''));
  return (own ? client['clientId'] : client['sectorIdentifier']) as string;
}

const NO_HOST = /^(localhost|127\.0\.0\.1|\[::1\])?$/;

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
