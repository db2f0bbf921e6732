import { keysText, rotationOf } from '#src/oidc/rotate-command.ts';
import { withDurable } from '#src/stores/index.ts';
import { type Call, settingsOf, storeSettings } from './settings.ts';
import { signingKeysOf } from './signing-keys.ts';

/** `rotate-keys`, and `rotate-keys --now` after a compromise. Needs the database only. */
export async function rotateKeys(call: Call): Promise<void> {
  const occasion = rotationOf(call.flags);
  const { config } = await settingsOf(call);
  const report = await withDurable(storeSettings(config, call.complain), async ({ keys }) => (await signingKeysOf(config, keys)).rotate(occasion));
  call.print(keysText(report));
}
