import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isoOfJalali, jalaliText, parseBirthDate } from '#src/identity/birth-date.ts';
import { cleanCode, toAsciiDigits, toPersianDigits } from '#src/identity/digits.ts';
import { cleanDocumentNumber } from '#src/identity/document.ts';
import { parseEmail } from '#src/identity/email.ts';
import { parseFidaCode } from '#src/identity/fida-code.ts';
import { parseIdentifier } from '#src/identity/identifier.ts';
import { localMobile, maskMobile, parseMobile } from '#src/identity/mobile.ts';
import { cleanName, foldName } from '#src/identity/name.ts';
import { parseNationalCode } from '#src/identity/national-code.ts';
import { type Claim, matchesRegistry } from '#src/identity/person-comparison.ts';

const VALID =
  '0084575948 0499370899 0790419904 1583250689 0684159414 4400276201 2540201288 7400076205 7340416501 0076229645 2980987654 0080000800 1234567891 0123456789 4993708998 2345678909 1000000060 1000000230 1000000011 1000000151 0000000051 2710000008'.split(
    ' ',
  );
const INVALID = [
  '1234567890',
  '0012345678',
  '0010007700',
  '2000200092',
  '0084575949',
  '008457594a',
  'X0084575948',
  '90084575948',
  '1234567890084575948',
  ...'0123456789'.split('').map((digit) => digit.repeat(10)),
];

test('national codes of the vectors', () => {
  for (const code of VALID) assert.deepEqual(parseNationalCode(code), { ok: true, value: code });
  for (const code of INVALID) assert.deepEqual(parseNationalCode(code), { ok: false, problem: 'incorrect' }, code);
  assert.deepEqual(parseNationalCode('  '), { ok: false, problem: 'required' });
  assert.deepEqual(parseNationalCode('1111111111', ['1111111111']), { ok: true, value: '1111111111' });
});

test('a national code is read in three scripts, with what people put between; lost zeros are suggested, not assumed', () => {
  for (const typed of ['۰۰۸۴۵۷۵۹۴۸', '٠٠٨٤٥٧٥٩٤٨', ' 0084575948 ', '008-457594-8', '\u200e008\u200c4575948'])
    assert.deepEqual(parseNationalCode(typed), { ok: true, value: '0084575948' }, typed);
  assert.deepEqual(parseNationalCode('84575948'), { ok: false, problem: 'short', suggestion: '0084575948' });
});

test('one wrong digit is always noticed', () => {
  fc.assert(
    fc.property(fc.constantFrom(...VALID), fc.nat(9), fc.integer({ min: 1, max: 9 }), (code, place, by) => {
      const changed = [...code].map((digit, index) => (index === place ? String((Number(digit) + by) % 10) : digit)).join('');
      // Two remainders share a check digit (0 and 1 stand for themselves), so a slip may pass only there.
      const parsed = parseNationalCode(changed);
      assert.ok(!parsed.ok || parsed.value === changed);
      if (place === 9) assert.equal(parsed.ok, false);
    }),
  );
});

test('digits go to ASCII and back, and nothing else changes', () => {
  fc.assert(fc.property(fc.stringMatching(/^[0-9]{0,20}$/), (text) => assert.equal(toAsciiDigits(toPersianDigits(text)), text)));
  fc.assert(
    fc.property(fc.string(), (text) =>
      assert.equal(
        toAsciiDigits(text),
        text.replace(/[۰-۹٠-٩]/g, (digit) => String(digit.charCodeAt(0) & 15)),
      ),
    ),
  );
  assert.equal(cleanCode('۱۲ ۳-٤'), '1234');
});

test('a code field takes a national code or a FIDA code', () => {
  assert.deepEqual(parseIdentifier('۰۰۸۴۵۷۵۹۴۸', [12]), { kind: 'national', value: '0084575948' });
  assert.deepEqual(parseIdentifier('101111111111', [12]), { kind: 'foreign', value: '101111111111' });
  assert.equal(parseIdentifier('0084575949', [12]), undefined);
  assert.deepEqual(parseIdentifier('0084575949', [10, 12]), { kind: 'foreign', value: '0084575949' });
  assert.deepEqual(parseFidaCode('1011111111', [12]), { ok: false, problem: 'incorrect' });
  assert.deepEqual(parseFidaCode('', [12]), { ok: false, problem: 'required' });
});

test('mobiles in every usual form are one number', () => {
  for (const typed of ['09121234567', '9121234567', '+989121234567', '00989121234567', '989121234567', '۰۹۱۲ ۱۲۳ ۴۵۶۷', '0912-123-4567'])
    assert.deepEqual(parseMobile(typed), { ok: true, value: '+989121234567' }, typed);
  for (const typed of ['0912123456', '091212345678', '02112345678', '+19121234567', 'abc', '09١٢']) assert.equal(parseMobile(typed).ok, false, typed);
  assert.equal(localMobile('+989121234567'), '09121234567');
  assert.equal(maskMobile('+989121234567'), '0912 ••• 4567');
});

test('names are kept with Persian letters, and compared without what registries drop', () => {
  assert.equal(cleanName('  علي\u200cرضا \u200f '), 'علی\u200cرضا');
  assert.equal(cleanName('كاظم'), 'کاظم');
  assert.equal(cleanName('مُحَمَّد'), 'محمد');
  for (const [one, two] of [
    ['علی‌رضا', 'عليرضا'],
    ['محمد مهدی', 'محمدمهدي'],
    ['آقایی', 'اقايي'],
    ['رحمة', 'رحمه'],
    ['مؤمن', 'مومن'],
    ['AHMAD', 'Ahmad'],
  ])
    assert.equal(foldName(one ?? ''), foldName(two ?? ''), `${one} ${two}`);
  assert.notEqual(foldName('علی'), foldName('عالی'));
});

const rules = { today: '2026-11-24', minimumAge: 18, allowGregorian: false };
const parse = (text: string, more = {}) => {
  const [year = '', month = '', day = ''] = text.split('/');
  return parseBirthDate({ day, month, year }, { ...rules, minimumAge: 0, ...more });
};
test('Jalali dates of the vectors', () => {
  assert.deepEqual(parse('1403/12/30'), { ok: true, value: '2025-03-20' });
  assert.deepEqual(parse('1300/01/01'), { ok: true, value: '1921-03-21' });
  assert.deepEqual(parse('1399/12/30'), { ok: true, value: '2021-03-20' });
  assert.deepEqual(parse('۱۳۷۰/۷/۳۰'), { ok: true, value: '1991-10-22' });
  assert.deepEqual(parse('1404/12/30'), { ok: false, problem: 'month-length', days: 29, month: 12 });
  assert.deepEqual(parse('1370/07/31'), { ok: false, problem: 'month-length', days: 30, month: 7 });
  assert.deepEqual(parse('1406/01/01'), { ok: false, problem: 'future' });
  assert.deepEqual(parse('1390/01/01', { minimumAge: 18 }), { ok: false, problem: 'too-young' });
  assert.deepEqual(parse('1279/01/01'), { ok: false, problem: 'invalid' });
  assert.deepEqual(parse('1370/13/01'), { ok: false, problem: 'invalid' });
  assert.deepEqual(parse('//'), { ok: false, problem: 'required' });
  assert.deepEqual(parse('1991/10/04'), { ok: false, problem: 'invalid' });
  assert.deepEqual(parse('1991/10/04', { allowGregorian: true }), { ok: true, value: '1991-10-04' });
  assert.deepEqual(parse('1991/02/30', { allowGregorian: true }), { ok: false, problem: 'invalid' });
});

test('a civil date goes to Jalali and back', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('1920-01-01'), max: new Date('2026-01-01'), noInvalidDate: true }), (date) => {
      const iso = date.toISOString().slice(0, 10);
      assert.equal(isoOfJalali(jalaliText(iso)), iso);
    }),
  );
});

const claim: Claim = { firstName: 'علی‌رضا', lastName: 'رستگار نیک', fatherName: 'محمود', birthDate: '1991-10-04', certificateNumber: '1502' };
const record = { firstName: 'عليرضا', lastName: 'رستگارنيك', fatherName: 'محمود', birthDate: '1991-10-04', certificateNumber: '1502' };
const national = { kind: 'national', value: '0084575948' } as const;
const comparisons: readonly [string, Partial<Claim>, object, boolean][] = [
  ['all equal', {}, {}, true],
  ['another first name', { firstName: 'رضا' }, {}, false],
  ['another family name', { lastName: 'رستگار' }, {}, false],
  ['another father', { fatherName: 'محمد' }, {}, false],
  ['another birth date', { birthDate: '1991-10-05' }, {}, false],
  ['another certificate', { certificateNumber: '1503' }, {}, false],
  ['leading zeros of the certificate', { certificateNumber: '001502' }, {}, true],
  ['the registry holds 0 and the national code was typed', { certificateNumber: '0084575948' }, { certificateNumber: '0' }, true],
  ['the registry holds 0 and 0 was typed', { certificateNumber: '0' }, { certificateNumber: '0' }, false],
  ['the registry holds nothing and the national code was typed', { certificateNumber: '84575948' }, { certificateNumber: undefined }, true],
  ['the registry holds the national code and another number was typed', { certificateNumber: '7' }, { certificateNumber: '0084575948' }, false],
  ['the registry holds a number and the national code was typed', { certificateNumber: '0084575948' }, {}, false],
  [
    'series and serial in other forms',
    { certificateSeries: 'الف/۳۰', certificateSerial: '۱۲۳۴۵۶' },
    { certificateSeries: 'ا30', certificateSerial: '123456' },
    true,
  ],
  ['another series', { certificateSeries: 'ب/۳۰', certificateSerial: '123456' }, { certificateSeries: 'ا30', certificateSerial: '123456' }, false],
  ['an empty name against an empty record', { firstName: '' }, { firstName: '' }, false],
];
for (const [name, typed, known, expected] of comparisons) {
  test(`comparison: ${name} → ${expected ? 'match' : 'no match'}`, () => {
    assert.equal(matchesRegistry(national, { ...claim, ...typed }, { ...record, ...known }), expected);
  });
}

test('a foreign national’s Latin names match, and no certificate is needed', () => {
  const foreign = { kind: 'foreign', value: '101111111111' } as const;
  const resident = { firstName: 'احمد', lastName: 'رحیمی', fatherName: 'یعقوب', birthDate: '1980-01-02', firstNameLatin: 'AHMAD', lastNameLatin: 'RAHIMI' };
  assert.ok(matchesRegistry(foreign, { firstName: 'Ahmad', lastName: 'Rahimi', fatherName: 'یعقوب', birthDate: '1980-01-02' }, resident));
  assert.ok(!matchesRegistry(foreign, { firstName: 'Ahmad', lastName: 'Karimi', fatherName: 'یعقوب', birthDate: '1980-01-02' }, resident));
});

test('e-mail addresses and document numbers', () => {
  assert.deepEqual(parseEmail(' A.Rastgar@Example.TEST '), { ok: true, value: 'A.Rastgar@example.test' });
  for (const typed of ['a', 'a@b', 'a@@b.test', 'a b@c.test', '.a@b.test', 'a.@b.test', 'a..b@c.test', `${'a'.repeat(65)}@b.test`, 'a@-b.test', 'ا@b.test'])
    assert.deepEqual(parseEmail(typed), { ok: false, problem: 'incorrect' }, typed);
  assert.deepEqual(parseEmail(''), { ok: false, problem: 'required' });
  assert.equal(cleanDocumentNumber(' p۱۲۳-45 '), 'P12345');
  assert.equal(cleanDocumentNumber('<script>'), '');
});
