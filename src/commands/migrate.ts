import { migrateOnly } from '#src/stores/index.ts';
import { type Call, settingsOf, storeSettings } from './settings.ts';

export async function migrate(call: Call): Promise<void> {
  const { config } = await settingsOf(call);
  const ran = await migrateOnly(storeSettings(config, call.complain));
  call.print(ran.length ? `migrated: ${ran.join(', ')}` : 'nothing to migrate');
}
