import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Acr } from '#src/identity/assurance.ts';
import { nextStep } from '#src/interaction/next-step.ts';
import { contactKey, NOTHING, type Progress, type SignUp } from '#src/interaction/progress.ts';

const pwd = { method: 'pwd', at: 0 } as const;
const sms = { method: 'sms', at: 0 } as const;
const contact = { identifier: { kind: 'national', value: '0084575948' }, mobile: '+989121234567' } as const;
const key = contactKey(contact);
const person = { firstName: 'a', lastName: 'b', fatherName: 'c', birthDate: '1991-10-04' };
const identity = { of: 'national:0084575948', person };
const upTo: SignUp = { kind: 'national', contact, proven: key, owned: key, identity, email: {}, password: { hash: 'x' } };
const signUp = (facts: SignUp): Partial<Progress> => ({ path: 'sign-up', signUp: facts });
const without = (...facts: (keyof SignUp)[]): SignUp =>
  Object.fromEntries(Object.entries(upTo).filter(([fact]) => !facts.includes(fact as keyof SignUp))) as SignUp;
const recovery = { identifier: contact.identifier } as const;

const cases: readonly [string, Partial<Progress>, Acr, string][] = [
  ['nothing shown', {}, 'urn:profile:1', 'sign-in'],
  ['a password', { subject: 's', authentications: [pwd] }, 'urn:profile:1', 'finish'],
  ['a password where more is demanded', { subject: 's', authentications: [pwd] }, 'urn:profile:2', 'sign-in-code'],
  ['a password of a person under attack', { subject: 's', authentications: [pwd], protect: true }, 'urn:profile:1', 'sign-in-code'],
  ['both', { subject: 's', authentications: [pwd, sms] }, 'urn:profile:2', 'finish'],
  ['a code without a password', { subject: 's', authentications: [sms] }, 'urn:profile:1', 'sign-in'],
  ['recovery begins', { path: 'recover' }, 'urn:profile:1', 'recover'],
  ['a code was asked for', { path: 'recover', recovery }, 'urn:profile:1', 'recover-code'],
  ['the code was right', { path: 'recover', recovery: { ...recovery, proven: { subject: 's' } } }, 'urn:profile:1', 'recover-password'],
  ['sign-up begins', signUp({}), 'urn:profile:1', 'sign-up'],
  ['who is known', signUp({ kind: 'foreign' }), 'urn:profile:1', 'sign-up-identifier'],
  ['a number was typed', signUp({ kind: 'national', contact }), 'urn:profile:1', 'sign-up-code'],
  ['another number was proven', signUp({ ...without('owned'), proven: 'other' }), 'urn:profile:1', 'sign-up-code'],
  ['a message window stands', signUp({ ...upTo, notice: { kind: 'exists' } }), 'urn:profile:1', 'sign-up-notice'],
  ['a register is silent', signUp({ ...without('owned'), waiting: { asked: false, since: 0 } }), 'urn:profile:1', 'sign-up-waiting'],
  ['the number is the person’s', signUp(without('identity')), 'urn:profile:1', 'sign-up-identity'],
  ['the identity is another’s', signUp({ ...upTo, identity: { of: 'national:1', person } }), 'urn:profile:1', 'sign-up-identity'],
  ['the identity is confirmed', signUp(without('email')), 'urn:profile:1', 'sign-up-email'],
  ['the e-mail is asked', signUp(without('password')), 'urn:profile:1', 'sign-up-password'],
  ['all is entered', signUp(upTo), 'urn:profile:1', 'sign-up-review'],
  ['an edit of an early page, later facts kept', signUp(without('contact')), 'urn:profile:1', 'sign-up-identifier'],
  ['the account exists', signUp({ ...upTo, registered: true }), 'urn:profile:1', 'sign-up-done'],
  ['the success was read', signUp({ ...upTo, registered: true, done: true }), 'urn:profile:1', 'finish'],
];

for (const [name, progress, acr, expected] of cases) {
  test(`${name} under ${acr} leads to ${expected}`, () => {
    assert.equal(nextStep({ ...NOTHING, ...progress }, { prompt: 'login', acr }), expected);
  });
}

test('consent is asked until it is decided, whatever else is known', () => {
  assert.equal(nextStep(NOTHING, { prompt: 'consent', acr: 'urn:profile:1' }), 'consent');
  assert.equal(nextStep({ ...NOTHING, decision: 'deny' }, { prompt: 'consent', acr: 'urn:profile:1' }), 'finish');
});
