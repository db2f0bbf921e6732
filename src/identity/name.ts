/** Arabic letters that Iranian keyboards and registries put for Persian ones. */
const LETTERS: Readonly<Record<string, string>> = { ي: 'ی', ى: 'ی', ك: 'ک', '\u00a0': ' ' };
/** Tatweel, vowel signs, superscript alef, marks of direction, ZWJ, BOM: none of them is part of a name. */
const INVISIBLE = /[\u0640\u064b-\u065f\u0670\u200d-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** A name as it is kept: Persian letters, single spaces, half-spaces only between letters. */
export const cleanName = (text: string): string =>
  text
    .normalize('NFC')
    .replace(INVISIBLE, '')
    .replace(/[يىك\u00a0]/g, (letter) => LETTERS[letter] ?? letter)
    .replace(/\s+/g, ' ')
    .replace(/\s*\u200c+\s*/g, '\u200c')
    .replace(/^[\s\u200c]+|[\s\u200c]+$/g, '');

const FOLD: Readonly<Record<string, string>> = { ة: 'ه', ۀ: 'ه', أ: 'ا', إ: 'ا', ٱ: 'ا', آ: 'ا', ؤ: 'و', ئ: 'ی' };

/** A name for comparing only: registries drop spaces, half-spaces, hamzas and the two dots of ة. */
export const foldName = (text: string): string =>
  cleanName(text)
    .replace(/ه\u0654/g, 'ه')
    .replace(/[ةۀأإٱآؤئ]/g, (letter) => FOLD[letter] ?? letter)
    .replace(/[\s\u200c\u0654ء.'’-]/g, '')
    .toLowerCase();
