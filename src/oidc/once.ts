import { hash } from 'node:crypto';
import type { Provider } from 'oidc-provider';
import type { Clock, Ephemeral } from '#src/identity/ports.ts';

/** Takes each `jti` once. The library looks and then writes; of two proofs or assertions that arrive together both would pass. */
export function takeOnce({ ReplayDetection }: Provider, ephemeral: Ephemeral, now: Clock): void {
  Object.defineProperty(ReplayDetection, 'unique', {
    value: (issuer: string, jti: string, expires: number) =>
      ephemeral.create(`replay:${hash('sha256', `${issuer}\0${jti}`, 'base64url')}`, '1', Math.max(1, Math.ceil(expires - now() / 1000))),
  });
}
