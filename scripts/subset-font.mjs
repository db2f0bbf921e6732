// Makes src/browser/vazirmatn.woff2: the letters, digits and marks that our texts and people's names use, weights 400 to 700.
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import subsetFont from 'subset-font';

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => String.fromCodePoint(from + index)).join('');
const LETTERS = [
  range(0x20, 0x7e),
  '\u00a0«»…–—‘’“”•·×✓',
  // Arabic letters, harakat and the digits of both scripts; Persian پ چ ژ ک گ ی; half-space, joiner, rial.
  range(0x60c, 0x61f),
  range(0x621, 0x652),
  range(0x654, 0x656),
  range(0x660, 0x66d),
  '\u0670\u0671\u067e\u0686\u0698\u06a9\u06af\u06c0\u06c1\u06cc\u06d2\u06d5',
  range(0x6f0, 0x6f9),
  '\u200c\u200d\u200e\u200f\ufdfc',
].join('');

const source = createRequire(import.meta.url).resolve('vazirmatn/fonts/webfonts/Vazirmatn[wght].woff2');
const font = await subsetFont(await readFile(source), LETTERS, { targetFormat: 'woff2', variationAxes: { wght: { min: 400, max: 700 } } });
await writeFile(new URL('../src/browser/vazirmatn.woff2', import.meta.url), font);
console.log(`${font.length} bytes`);
