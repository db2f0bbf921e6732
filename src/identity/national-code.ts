import { cleanCode } from './digits.ts';

export type NationalCode =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly problem: 'required' | 'incorrect' | 'short'; readonly suggestion?: string };

const LENGTH = 10;
const ALL_EQUAL = /^(\d)\1{9}$/;

/**
 * A code that passes was typed without a slip; whether it exists only the registry knows, so no prefix is refused. Ten equal digits pass the sum and
 * are refused unless allowed by name. With 8 or 9 digits (zeros lost in a spreadsheet) the padded code is suggested, never taken silently.
 */
export function parseNationalCode(text: string, allow: readonly string[] = []): NationalCode {
  const code = cleanCode(text);
  if (!code) return { ok: false, problem: 'required' };
  if (/^\d{8,9}$/.test(code)) {
    const suggestion = code.padStart(LENGTH, '0');
    return isNationalCode(suggestion) ? { ok: false, problem: 'short', suggestion } : { ok: false, problem: 'incorrect' };
  }
  return isNationalCode(code) || (ALL_EQUAL.test(code) && allow.includes(code)) ? { ok: true, value: code } : { ok: false, problem: 'incorrect' };
}

/** S = Σ dᵢ·(11−i) for i = 1…9, r = S mod 11; the tenth digit is r when r < 2, else 11 − r. */
function isNationalCode(code: string): boolean {
  if (!/^\d{10}$/.test(code) || ALL_EQUAL.test(code)) return false;
  const digits = [...code].map(Number);
  const remainder = digits.slice(0, 9).reduce((sum, digit, index) => sum + digit * (LENGTH - index), 0) % 11;
  return digits[9] === (remainder < 2 ? remainder : 11 - remainder);
}
