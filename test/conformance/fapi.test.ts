import { after, before } from 'node:test';
import { securityProfileModules } from './fapi-modules.ts';
import { fapiParty } from './fapi-party.ts';
import { type FapiSetting, runPlan } from './plan.ts';
import { startConformance } from './relying-party.ts';

const setting = {} as FapiSetting;
before(async () => {
  const s = await startConformance();
  Object.assign(setting, { s, one: await fapiParty(s, 'conformance-fapi-1'), two: await fapiParty(s, 'conformance-fapi-2') });
});
after(() => setting.s.close());

runPlan('fapi2-security-profile-final-test-plan', securityProfileModules(setting));
