import { z } from 'zod';
import { toAsciiDigits } from '#src/identity/digits.ts';

/** A line of text as typed. A field that was not sent is empty; the step says what is required. */
export const text = z.string().max(200).default('');

/** A password as typed: never trimmed, never changed. Its length is judged by the password rules, before anything hashes it. */
export const secret = z.string().max(4096).default('');

/** Digits of a one-time code in any script, without the spaces that people and keyboards put between. */
export const code = z
  .string()
  .max(50)
  .default('')
  .transform((typed) => toAsciiDigits(typed).replace(/[\s\u200c\u200e\u200f-]/g, ''));

export const none = z.object({});
export const minutesOf = (seconds: number): number => Math.max(1, Math.ceil(seconds / 60));
