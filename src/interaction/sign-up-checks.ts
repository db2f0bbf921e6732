import { ProfileError } from '#src/errors.ts';
import type { Errors } from '#src/http/page.ts';
import { identifierKey } from '#src/identity/identifier.ts';
import { type Claim, matchesRegistry } from '#src/identity/person-comparison.ts';
import type { InquiryOutcome, Person, RegistryRecord } from '#src/identity/ports.ts';
import { minutesOf } from './fields.ts';
import { type Contact, contactKey, type Notice, type Progress, withSignUp } from './progress.ts';
import type { Answer, Turn } from './step.ts';

/** What each answer of the operators' register means here. `unavailable` is never shown as a mismatch. */
const OWNERSHIP: Readonly<Record<InquiryOutcome, 'owned' | 'waiting' | Notice>> = {
  match: 'owned',
  mismatch: 'not-owner',
  'not-found': 'not-owner',
  'invalid-input': 'not-owner',
  deceased: 'deceased',
  'needs-office': 'needs-office',
  unavailable: 'waiting',
};

/** Only after the mobile answered with its code: is it the person's own, and is there an account? */
export async function checkOwnership(turn: Turn, progress: Progress): Promise<Answer> {
  const contact = contactOf(progress);
  const person = identifierKey(contact.identifier);
  const { retryAfter } = await limited(turn, 'ownership', person);
  if (retryAfter) return { progress: withSignUp(progress, { notice: { kind: 'too-many', retryAfter }, waiting: undefined }) };

  const { outcome } = await turn.connectors.ownership.match(contact);
  const meaning = OWNERSHIP[outcome];
  if (meaning === 'waiting') return { progress: withSignUp(progress, { waiting: { asked: progress.signUp.waiting?.asked ?? false, since: turn.now() } }) };
  await turn.limiter.take('ownership', { person });
  if (meaning !== 'owned') return { progress: withSignUp(progress, { notice: { kind: meaning }, waiting: undefined }) };
  if (await turn.durable.accounts.findByIdentifier(contact.identifier))
    return { progress: withSignUp(progress, { notice: { kind: 'exists' }, waiting: undefined }) };
  return { progress: withSignUp(progress, { owned: contactKey(contact), waiting: undefined }) };
}

/** Compares what was typed with the civil registry. A mismatch says that the whole does not match, never which field. */
export async function checkIdentity(turn: Turn, progress: Progress, claim: Claim): Promise<Answer> {
  const contact = contactOf(progress);
  const person = identifierKey(contact.identifier);
  const { retryAfter } = await limited(turn, 'registry', person);
  if (retryAfter) return { progress: withSignUp(progress, { notice: { kind: 'too-many', retryAfter }, waiting: undefined }) };

  const answer = await turn.connectors.registry.look({ identifier: contact.identifier, birthDate: claim.birthDate });
  if (answer.outcome === 'unavailable')
    return { progress: withSignUp(progress, { waiting: { asked: progress.signUp.waiting?.asked ?? false, since: turn.now() } }) };
  // Counted after the answer, so that an outage costs nobody a try; taken before anything is told, so that parallel tries are all counted.
  const verdict = await turn.limiter.take('registry', { person });
  if (!verdict.allowed) return { progress: withSignUp(progress, { notice: { kind: 'too-many', retryAfter: verdict.retryAfter }, waiting: undefined }) };
  if (answer.outcome === 'deceased' || answer.outcome === 'needs-office')
    return { progress: withSignUp(progress, { notice: { kind: answer.outcome }, waiting: undefined }) };
  if (answer.outcome !== 'match' || !matchesRegistry(contact.identifier, claim, answer.record)) return { errors: mismatch };

  const confirmed = confirmedPerson(contact, claim, answer.record);
  const before = progress.signUp.identity?.person;
  const renamed = before !== undefined && (before.firstName !== confirmed.firstName || before.lastName !== confirmed.lastName);
  return {
    progress: withSignUp(progress, { identity: { of: person, person: confirmed }, waiting: undefined, ...(renamed ? { password: undefined } : {}) }),
  };
}

const mismatch: Errors = { form: { code: 'mismatch' } };

async function limited(turn: Turn, name: 'ownership' | 'registry', person: string): Promise<{ retryAfter?: number }> {
  const verdict = await turn.limiter.peek(name, { person });
  return verdict.allowed ? {} : { retryAfter: verdict.retryAfter };
}

function contactOf({ signUp }: Progress): Contact {
  if (!signUp.contact) throw new ProfileError('expired');
  return signUp.contact;
}

/** Names as the person writes them (a registry often drops spaces and half-spaces); the rest as the registry has it. */
function confirmedPerson(contact: Contact, claim: Claim, record: RegistryRecord): Person {
  const { documentType, documentNumber } = contact;
  const { gender, nationality, firstNameLatin, lastNameLatin } = record;
  return {
    firstName: claim.firstName,
    lastName: claim.lastName,
    fatherName: claim.fatherName,
    birthDate: claim.birthDate,
    ...(claim.certificateNumber ? { certificateNumber: claim.certificateNumber } : {}),
    ...(gender ? { gender } : {}),
    ...(nationality ? { nationality } : {}),
    ...(documentType ? { documentType } : {}),
    ...(documentNumber ? { documentNumber } : {}),
    ...(firstNameLatin ? { firstNameLatin } : {}),
    ...(lastNameLatin ? { lastNameLatin } : {}),
  };
}

/** Minutes that a message window names. */
export const noticeMinutes = (retryAfter: number | undefined): { minutes?: number } => (retryAfter ? { minutes: minutesOf(retryAfter) } : {});
