import { dictionary } from '@zxcvbn-ts/language-common';
import type { Limits } from '#src/limits.ts';
import { toAsciiDigits } from './digits.ts';
import { foldName } from './name.ts';

/** In the order the page shows them. No rule about kinds of characters (NIST SP 800-63B-4 §3.1.1.2). */
export const PASSWORD_RULES = ['length', 'context', 'breached'] as const;
export type PasswordRule = (typeof PASSWORD_RULES)[number];

/** A word of three letters is in half of all good passwords. */
const SHORTEST_WORD = 4;
/** Digits and marks around a known word: a year, «!!», 123. */
const PADDING = 4;

/**
 * Every rule that the password breaks, all at once. `context` is what it may not contain: the person's own codes and names. Length is counted in
 * code points and judged first, so that a very long text costs nothing more.
 */
export function brokenRules(password: string, context: readonly string[], limits: Limits): readonly PasswordRule[] {
  const length = [...password].length;
  if (length > limits.passwordMaximum) return ['length'];
  const broken: Readonly<Record<PasswordRule, boolean>> = {
    length: length < limits.passwordMinimum,
    context: containsOwn(password, context),
    breached: password !== '' && isCommon(password),
  };
  return PASSWORD_RULES.filter((rule) => broken[rule]);
}

function containsOwn(password: string, context: readonly string[]): boolean {
  const folded = foldName(toAsciiDigits(password));
  const latin = foldName(toLatinKeys(password));
  return context
    .map((word) => foldName(toAsciiDigits(word)))
    .filter((word) => [...word].length >= SHORTEST_WORD)
    .some((word) => folded.includes(word) || latin.includes(word));
}

let known: ReadonlySet<string> | undefined;
/** 49 000 passwords that leaks hold most often; built when the first password is judged. */
const breached = (): ReadonlySet<string> => {
  known ??= new Set((dictionary as unknown as Record<string, readonly string[]>)['passwords-common']);
  return known;
};

/** Known from leaks, or nothing but a known word, a repetition or a row of the keyboard with a little around it. */
function isCommon(password: string): boolean {
  const lower = toAsciiDigits(password).toLowerCase();
  return [lower, toLatinKeys(lower), fromLeet(lower), fromLeet(lower.replace(/[^\p{L}]+$/u, ''))]
    .filter((form) => form !== '')
    .some((form) => {
      if (isTrivial(form)) return true;
      const word = form.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
      const around = form.length - word.length;
      return word !== '' && word !== form && isTrivial(word) && (around <= PADDING || isTrivial(form.replace(word, '')));
    });
}

function isTrivial(text: string): boolean {
  if (text === '' || breached().has(text)) return true;
  // One unit again and again: «aaaaaaaaaaaa», «salamsalam», «abcabcabcabc».
  const unit = /^(.+?)\1+$/.exec(text)?.[1];
  if (unit !== undefined) return [...unit].length <= SHORTEST_WORD || isTrivial(unit);
  return isRow(text);
}

const ROWS = ['01234567890123456789', 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiop[]', 'asdfghjkl;', 'zxcvbnm,./', '1234567890-='];
const BOTH_WAYS = ROWS.flatMap((row) => [row, [...row].reverse().join('')]);
/** Runs along rows of keys, up or down: «1234567890», «qwertyuiopasdfgh». */
function isRow(text: string): boolean {
  for (let rest = text; rest; ) {
    const run = longestRun(rest);
    if (run < 3) return false;
    rest = rest.slice(run);
  }
  return true;
}
function longestRun(text: string): number {
  for (let length = Math.min(text.length, 26); length >= 3; length -= 1) if (BOTH_WAYS.some((row) => row.includes(text.slice(0, length)))) return length;
  return 0;
}

const LEET: Readonly<Record<string, string>> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's', '!': 'i' };
const fromLeet = (text: string): string => text.replace(/[013457@$!]/g, (sign) => LEET[sign] ?? sign);

/** Keys of the Persian layout as their Latin twins: «حشسسصخقی» is «password» typed with the wrong layout. */
const PERSIAN_KEYS = 'ضصثقفغعهخحجچشسیبلاتنمکگظطزرذدپو';
const LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,";
const toLatinKeys = (text: string): string => [...text].map((key) => LATIN_KEYS[PERSIAN_KEYS.indexOf(key)] ?? key).join('');
