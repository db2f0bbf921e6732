/**
 * identity/ is the domain: who someone is and what they proved. It knows no HTTP, no protocol library, no driver; it asks the outside through
 * ports.ts only. This file: digits of three scripts.
 */
const PERSIAN_ZERO = 0x06f0;
const ARABIC_ZERO = 0x0660;

/** ۰–۹ and ٠–٩ become 0–9; everything else stays. (String.normalize does not do this.) */
export const toAsciiDigits = (text: string): string =>
  text.replace(/[۰-۹٠-٩]/g, (digit) => {
    const point = digit.charCodeAt(0);
    return String(point - (point >= PERSIAN_ZERO ? PERSIAN_ZERO : ARABIC_ZERO));
  });

export const toPersianDigits = (text: string | number): string => String(text).replace(/\d/g, (digit) => String.fromCharCode(PERSIAN_ZERO + Number(digit)));

/** A typed code without what people and keyboards put between its digits: spaces, dashes, half-spaces, marks of direction. Nothing else is removed. */
export const cleanCode = (text: string): string =>
  toAsciiDigits(text).replace(/[\s\u00a0\u200c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\-\u2010-\u2013]/g, '');
