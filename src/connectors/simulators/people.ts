import { isoOfJalali } from '#src/identity/birth-date.ts';

/** Synthetic people with valid checksums, made from lists of common names and a seed: the same ones at every start. None of them exists. */
export type Story = 'ok' | 'not-owner' | 'certificate-zero' | 'deceased' | 'needs-office' | 'foreign' | SandboxStory;
/** Stories of a sandbox: a registry that is down for this person only, and people who have an account from the start. */
export type SandboxStory = 'registry-down' | 'duplicate' | 'locked' | 'disabled';

export type SyntheticPerson = {
  readonly story: Story;
  /** National code; for a foreign national the FIDA code. */
  readonly code: string;
  /** 09…; what the person types. */
  readonly mobile: string;
  /** The number that works, where `mobile` is another's. */
  readonly ownMobile?: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly fatherName: string;
  readonly firstNameLatin?: string;
  readonly lastNameLatin?: string;
  /** Jalali, YYYY/MM/DD. */
  readonly birthDate: string;
  /** What the person types. */
  readonly certificateNumber: string;
  /** What the registry holds. */
  readonly registryCertificateNumber: string;
  readonly gender: 'male' | 'female';
  readonly nationality: string;
  readonly documentType?: string;
  readonly documentNumber?: string;
};

const FEMALE = ['زهرا', 'فاطمه', 'مریم', 'نرگس', 'سارا', 'الهام', 'شیرین', 'لیلا', 'پروانه', 'مهناز'];
const MALE = ['علی‌رضا', 'محمدمهدی', 'حسین', 'رضا', 'امیرحسین', 'کیوان', 'یاسر', 'جواد', 'بهرام', 'سعید'];
const FAMILY = ['رستگار نیک', 'کریمی', 'یزدانی', 'موسوی', 'احمدی', 'کیانی‌فر', 'شریفی', 'نوری', 'آقایی', 'ملکی', 'صادقی', 'جعفری'];
const FATHERS = ['محمود', 'اکبر', 'یعقوب', 'کاظم', 'غلامرضا', 'احمد', 'مصطفی', 'ابراهیم'];
const FOREIGN = [
  ['احمد', 'رحیمی', 'Ahmad', 'Rahimi', 'male', 'AF'],
  ['زینب', 'حکیمی', 'Zainab', 'Hakimi', 'female', 'AF'],
  ['یوسف', 'التمیمی', 'Yousef', 'Altamimi', 'male', 'IQ'],
  ['مریم', 'صافی', 'Maryam', 'Safi', 'female', 'AF'],
  ['کریم', 'نظری', 'Karim', 'Nazari', 'male', 'AF'],
  ['نور', 'الجبوری', 'Noor', 'Aljubouri', 'female', 'IQ'],
] as const;

const STORIES: readonly (readonly [Story, count: number])[] = [
  ['ok', 40],
  ['not-owner', 3],
  ['certificate-zero', 5],
  ['deceased', 3],
  ['needs-office', 3],
  ['foreign', FOREIGN.length],
];
/** They come last, so that everybody else is the same person with and without them. */
const SANDBOX_STORIES: readonly (readonly [SandboxStory, count: number])[] = [
  ['registry-down', 3],
  ['duplicate', 5],
  ['locked', 2],
  ['disabled', 2],
];
/** Stories whose people have an account when the sandbox starts. */
export const WITH_ACCOUNT: ReadonlySet<Story> = new Set<SandboxStory>(['duplicate', 'locked', 'disabled']);
const SEED = 20_260_101;

export function syntheticPeople(sandbox = false): readonly SyntheticPerson[] {
  const random = randomFrom(SEED);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const digits = (count: number): string => Array.from({ length: count }, () => Math.floor(random() * 10)).join('');
  let lastMobile = 0;
  const mobile = (): string => {
    lastMobile += 1;
    return `0912${String(1_000_000 + lastMobile * 137).padStart(7, '0')}`;
  };
  const birth = (): string => {
    const text = `${1335 + Math.floor(random() * 45)}/${String(1 + Math.floor(random() * 12)).padStart(2, '0')}/${String(1 + Math.floor(random() * 29)).padStart(2, '0')}`;
    return isoOfJalali(text) ? text : birth();
  };
  const taken = new Set<string>();
  const nationalCode = (): string => {
    const code = withCheckDigit(`0${digits(8)}`);
    if (taken.has(code) || /^(\d)\1{9}$/.test(code)) return nationalCode();
    taken.add(code);
    return code;
  };

  const stories: readonly (readonly [Story, number])[] = [...STORIES, ...(sandbox ? SANDBOX_STORIES : [])];
  return stories.flatMap(([story, count]) =>
    Array.from({ length: count }, (_, index): SyntheticPerson => {
      if (story === 'foreign')
        return foreigner(index, { code: `1${digits(11)}`, mobile: mobile(), birthDate: birth(), documentNumber: `P${digits(8)}`, fatherName: pick(FATHERS) });
      const gender = random() < 0.5 ? 'female' : 'male';
      const code = nationalCode();
      // Those born from 1368 on were given their national code as certificate number.
      const sameNumber = story === 'certificate-zero';
      const certificate = String(1 + Math.floor(random() * 9_999));
      return {
        story,
        code,
        mobile: mobile(),
        ...(story === 'not-owner' ? { ownMobile: mobile() } : {}),
        firstName: pick(gender === 'female' ? FEMALE : MALE),
        lastName: pick(FAMILY),
        fatherName: pick(FATHERS),
        birthDate: birth(),
        certificateNumber: sameNumber ? code : certificate,
        registryCertificateNumber: sameNumber ? '0' : certificate,
        gender,
        nationality: 'IR',
      };
    }),
  );
}

function foreigner(index: number, rest: { code: string; mobile: string; birthDate: string; documentNumber: string; fatherName: string }): SyntheticPerson {
  const [firstName, lastName, firstNameLatin, lastNameLatin, gender, nationality] = FOREIGN[index % FOREIGN.length] ?? FOREIGN[0];
  return {
    story: 'foreign',
    ...rest,
    firstName,
    lastName,
    firstNameLatin,
    lastNameLatin,
    gender,
    nationality,
    documentType: 'passport',
    certificateNumber: '',
    registryCertificateNumber: '',
  };
}

function withCheckDigit(nine: string): string {
  const remainder = [...nine].reduce((sum, digit, index) => sum + Number(digit) * (10 - index), 0) % 11;
  return nine + String(remainder < 2 ? remainder : 11 - remainder);
}

/** mulberry32: small, and the same on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
