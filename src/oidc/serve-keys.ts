import type { JWKS, Provider } from 'oidc-provider';
import initializeKeystore from 'oidc-provider/lib/helpers/initialize_keystore.js';
import type { SigningKeys } from './keys.ts';

/**
 * Keeps a running provider's keys those of now. Returns what to call every `keyReread` seconds. It throws when the store does not answer; keys that
 * are known already still take turns by the clock.
 *
 * The library reads its keys once, when it is made, and offers no way to replace them. Its own function that does this is called again: it checks
 * every key, builds a new key store and puts it in place of the old one in one assignment, so a request under way keeps the one it took.
 */
export function serveKeys(provider: Provider, keys: SigningKeys): () => Promise<void> {
  // Nothing yet, so that the first call puts right what a clock that moved on during the start left behind.
  let served = '';
  return async () => {
    try {
      await keys.refresh();
    } finally {
      const order = keys.order();
      if (order !== served) {
        initializeKeystore.call(provider, keys.served() as JWKS);
        served = order;
      }
    }
  };
}
