import { legacyReport, reportText } from '#src/legacy/report.ts';
import { openStores } from '#src/stores/index.ts';
import { type Call, now, settingsOf, storeSettings } from './settings.ts';

/** Which relying parties still use old forms. */
export async function printLegacyReport(call: Call): Promise<void> {
  const { config } = await settingsOf(call);
  const stores = await openStores(storeSettings(config, call.complain));
  call.print(reportText(await legacyReport(stores.durable.legacy, now())));
  await stores.close();
}
