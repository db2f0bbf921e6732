import { suiteConfiguration } from '#src/suite-configuration.ts';
import { type Call, settingsOf } from './settings.ts';

/** What the certification suite is told. Opens nothing. */
export async function printConformanceSettings(call: Call): Promise<void> {
  const { config } = await settingsOf(call);
  if (!config.conformance) throw new Error('CONFORMANCE: set it to yes first');
  call.print(JSON.stringify(suiteConfiguration(config.issuer, config.dataSecret), undefined, 2));
}
