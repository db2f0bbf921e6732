import { isValidJalaaliDate, jalaaliMonthLength, toGregorian, toJalaali } from 'jalaali-js';
import { cleanCode } from './digits.ts';

export type BirthDate =
  | { readonly ok: true /** ISO Gregorian. */; readonly value: string }
  | {
      readonly ok: false;
      readonly problem: 'required' | 'invalid' | 'month-length' | 'future' | 'too-young' /** Days of the month. */;
      readonly days?: number;
      readonly month?: number;
    };

export type BirthDateRules = {
  /** Civil date, YYYY-MM-DD. */ readonly today: string /** Years. */;
  readonly minimumAge: number /** A year from 1500 on is read as Gregorian. */;
  readonly allowGregorian: boolean;
};

/** The first birth certificate dates from 1297; people born before 1280 are not among us. */
const EARLIEST_JALALI = 1280;
const FIRST_GREGORIAN = 1500;

/** Three typed fields, Jalali, or Gregorian for a foreign national whose passport says so. */
export function parseBirthDate(parts: { readonly day: string; readonly month: string; readonly year: string }, rules: BirthDateRules): BirthDate {
  const [day = '', month = '', year = ''] = [parts.day, parts.month, parts.year].map(cleanCode);
  if (!day || !month || !year) return { ok: false, problem: 'required' };
  if (!/^\d{1,2}$/.test(day) || !/^\d{1,2}$/.test(month) || !/^\d{4}$/.test(year)) return { ok: false, problem: 'invalid' };
  const date = { day: Number(day), month: Number(month), year: Number(year) };
  const parsed = rules.allowGregorian && date.year >= FIRST_GREGORIAN ? gregorian(date) : jalali(date);
  if (!parsed.ok) return parsed;
  if (parsed.value > rules.today) return { ok: false, problem: 'future' };
  if (ageOn(parsed.value, rules.today) < rules.minimumAge) return { ok: false, problem: 'too-young' };
  return parsed;
}

type Parts = { readonly day: number; readonly month: number; readonly year: number };

function jalali({ day, month, year }: Parts): BirthDate {
  if (month < 1 || month > 12 || year < EARLIEST_JALALI || year >= FIRST_GREGORIAN || day < 1 || day > 31) return { ok: false, problem: 'invalid' };
  if (!isValidJalaaliDate(year, month, day)) return { ok: false, problem: 'month-length', days: jalaaliMonthLength(year, month), month };
  const { gy, gm, gd } = toGregorian(year, month, day);
  return { ok: true, value: iso(gy, gm, gd) };
}

function gregorian({ day, month, year }: Parts): BirthDate {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year >= 1900
    ? { ok: true, value: iso(year, month, day) }
    : { ok: false, problem: 'invalid' };
}

const iso = (year: number, month: number, day: number): string => `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;

/** Full years lived on a day. */
export function ageOn(birthDate: string, today: string): number {
  const years = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4));
  return today.slice(5) < birthDate.slice(5) ? years - 1 : years;
}

export function jalaliOf(isoDate: string): { year: number; month: number; day: number } {
  const [year = 0, month = 0, day = 0] = isoDate.split('-').map(Number);
  const { jy, jm, jd } = toJalaali(year, month, day);
  return { year: jy, month: jm, day: jd };
}

/** YYYY/MM/DD in ASCII digits, as gateways want it. */
export function jalaliText(isoDate: string): string {
  const { year, month, day } = jalaliOf(isoDate);
  return `${year}/${String(month).padStart(2, '0')}/${String(day).padStart(2, '0')}`;
}

/** ISO of a Jalali YYYY/MM/DD; undefined when it is not a date. */
export function isoOfJalali(text: string): string | undefined {
  const match = /^(\d{4})\/(\d{1,2})\/(\d{1,2})$/.exec(cleanCode(text));
  const parsed = match ? jalali({ year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) }) : undefined;
  return parsed?.ok ? parsed.value : undefined;
}
