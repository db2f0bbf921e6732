import { fapiAssertionModules } from './fapi-assertion.ts';
import { fapiDpopModules } from './fapi-dpop.ts';
import { fapiFlowModules } from './fapi-flow.ts';
import { fapiPushedModules } from './fapi-pushed.ts';
import type { FapiSetting, Module } from './plan.ts';

/** Modules that both plans of FAPI 2.0 have; the clients of the setting decide whether requests and answers are signed. */
export const securityProfileModules = (setting: FapiSetting): Readonly<Record<string, Module>> => ({
  ...fapiFlowModules(setting),
  ...fapiDpopModules(setting),
  ...fapiAssertionModules(setting),
  ...fapiPushedModules(setting),
});
