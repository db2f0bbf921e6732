import { after, before } from 'node:test';
import { securityProfileModules } from './fapi-modules.ts';
import { fapiParty } from './fapi-party.ts';
import { fapiRequestObjectModules } from './fapi-request-object.ts';
import { type FapiSetting, runPlan } from './plan.ts';
import { startConformance } from './relying-party.ts';

const setting = {} as FapiSetting;
before(async () => {
  const s = await startConformance();
  Object.assign(setting, { s, one: await fapiParty(s, 'conformance-ms-1'), two: await fapiParty(s, 'conformance-ms-2') });
});
after(() => setting.s.close());

runPlan('fapi2-message-signing-final-test-plan', { ...securityProfileModules(setting), ...fapiRequestObjectModules(setting) });
