import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Started } from '../support/start.ts';
import type { FapiParty } from './fapi-party.ts';
import { NOT_YET, PLANS, type Plan } from './modules.ts';

/** What the suite itself calls an outcome that is no failure: a person looks at a screenshot, the module does not apply, it would warn. */
export type Verdict = { readonly result: 'REVIEW' | 'SKIPPED' | 'WARNING'; readonly reason: string };
/** A module; nothing returned means that it passed. */
// biome-ignore lint/suspicious/noConfusingVoidType: most modules only assert.
export type Module = () => Promise<Verdict | void>;

/** The server and the two clients of the FAPI 2.0 plan; filled before its first module. */
export type FapiSetting = { s: Started; one: FapiParty; two: FapiParty };

export const review = (reason: string): Verdict => ({ result: 'REVIEW', reason });
export const skipped = (reason: string): Verdict => ({ result: 'SKIPPED', reason });
export const warning = (reason: string): Verdict => ({ result: 'WARNING', reason });

/** One test for each module of the plan, under the module's name. A module without a test fails unless NOT_YET says why; so does a test of no module. */
export function runPlan(plan: Plan, modules: Readonly<Record<string, Module>>): void {
  const listed: readonly string[] = PLANS[plan];
  for (const name of listed) {
    const module = modules[name];
    test(name, async (context) => {
      const say = ({ result, reason }: { result: string; reason: string }): void => context.diagnostic([plan, name, result, reason].join('|'));
      if (!module && NOT_YET[name]) {
        say({ result: 'NOT YET', reason: NOT_YET[name] });
        return context.skip(NOT_YET[name]);
      }
      assert.ok(module, `${name} has no test and does not stand in NOT_YET`);
      const verdict = await module();
      say(verdict ?? { result: 'PASSED', reason: '' });
    });
  }
  test(`every test of ${plan} is a module of it`, () => {
    assert.deepEqual(
      Object.keys(modules).filter((name) => !listed.includes(name)),
      [],
    );
  });
}
