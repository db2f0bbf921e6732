import assert from 'node:assert/strict';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import type { Browser } from './browser.ts';
import { people, signUp } from './journey.ts';
import type { Started } from './start.ts';

/** The first of the people without a complication, with an account that they just made, and the browser that it left signed in. */
export async function signedUp(s: Started): Promise<{ person: SyntheticPerson; browser: Browser }> {
  const [person] = people(s);
  assert.ok(person);
  const browser = s.browser();
  await signUp(s, browser, person);
  return { person, browser };
}
