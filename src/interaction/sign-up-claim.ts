import type { Errors, FieldError } from '#src/http/page.ts';
import { parseBirthDate } from '#src/identity/birth-date.ts';
import { cleanCode } from '#src/identity/digits.ts';
import { cleanName } from '#src/identity/name.ts';
import type { Claim } from '#src/identity/person-comparison.ts';
import type { Turn } from './step.ts';

type Typed = Readonly<Record<string, string | undefined>>;

/** What the person claims about themselves, from the typed fields of the identity page; or what is wrong with them, all at once. */
export function claimOf(turn: Turn, typed: Typed = turn.progress.typed['sign-up-identity'] ?? {}): { claim: Claim } | { errors: Errors } {
  const foreign = turn.progress.signUp.kind === 'foreign';
  const names = {
    firstName: cleanName(typed['firstName'] ?? ''),
    lastName: cleanName(typed['lastName'] ?? ''),
    fatherName: cleanName(typed['fatherName'] ?? ''),
  };
  const errors: Record<string, FieldError> = {};
  for (const [field, name] of Object.entries(names)) if (!name) errors[field] = { code: 'required' };

  const birth = parseBirthDate(
    { day: typed['birthDay'] ?? '', month: typed['birthMonth'] ?? '', year: typed['birthYear'] ?? '' },
    { today: civilToday(turn.now()), minimumAge: turn.policy.minimumAge, allowGregorian: foreign },
  );
  if (!birth.ok) errors['birthDate'] = birthError(turn, birth);

  const certificate = foreign ? {} : certificateOf(turn, typed, errors);
  if (!birth.ok || Object.keys(errors).length) return { errors };
  return { claim: { ...names, birthDate: birth.value, ...certificate } };
}

/** Today in Tehran, YYYY-MM-DD: a birth date is a civil date. */
export const civilToday = (now: number): string => new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Tehran' }).format(now);

function birthError(turn: Turn, birth: Extract<ReturnType<typeof parseBirthDate>, { ok: false }>): FieldError {
  const month = birth.month ? { month: turn.t(`months.jalali.${birth.month}`) } : {};
  return { code: birth.problem, ...(birth.days ? { days: birth.days } : {}), ...month, age: turn.policy.minimumAge };
}

/** The guide's rule: whoever's certificate number equals the national code enters the national code, never 0. */
function certificateOf(
  turn: Turn,
  typed: Typed,
  errors: Record<string, FieldError>,
): Pick<Claim, 'certificateNumber' | 'certificateSeries' | 'certificateSerial'> {
  const same = Boolean(typed['certificateSame']);
  const number = same ? (turn.progress.signUp.contact?.identifier.value ?? '') : cleanCode(typed['certificateNumber'] ?? '');
  if (!number) errors['certificateNumber'] = { code: 'required' };
  else if (/^0+$/.test(number)) errors['certificateNumber'] = { code: 'zero' };
  else if (!/^\d{1,10}$/.test(number)) errors['certificateNumber'] = { code: 'incorrect' };
  if (!turn.policy.certificateSeries) return { certificateNumber: number };

  const series = (typed['certificateSeries'] ?? '').trim();
  const serial = cleanCode(typed['certificateSerial'] ?? '');
  if (!series) errors['certificateSeries'] = { code: 'required' };
  if (!/^\d{6}$/.test(serial)) errors['certificateSerial'] = { code: serial ? 'incorrect' : 'required' };
  return { certificateNumber: number, certificateSeries: series, certificateSerial: serial };
}
