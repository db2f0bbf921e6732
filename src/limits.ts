/**
 * Every limit and lifetime in one table. The code, the texts ("{min} minutes"), the docs and the tests read it;
 * an operator overrides an entry with `LIMIT_<NAME>` (camelCase becomes SNAKE_CASE), e.g. LIMIT_ONE_TIME_CODE_LIFETIME=240.
 */
export type Unit = 'seconds' | 'count' | 'bytes' | 'digits' | 'characters';
type Row = readonly [value: number, unit: Unit, meaning: string];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const LIMIT_TABLE = {
  oneTimeCodeDigits: [6, 'digits', 'length of a one-time code (NIST SP 800-63B-4 §3.1.3.2: at least 6)'],
  recoveryCodeDigits: [8, 'digits', 'length of a recovery code; it alone opens an account, so it is longer'],
  oneTimeCodeLifetime: [5 * MINUTE, 'seconds', 'life of a one-time code; the same code is sent again while it lives'],
  oneTimeCodeAttempts: [5, 'count', 'tries on one one-time code'],
  codeAttemptsPerHour: [10, 'count', 'wrong codes per person in an hour, over all codes'],
  codeAttemptsInAll: [100, 'count', 'consecutive wrong codes per person before the SMS code is refused (NIST §3.2.2)'],
  smsPerMinute: [1, 'count', 'SMS to one number in 60 seconds'],
  smsPerQuarter: [3, 'count', 'SMS to one number in 15 minutes'],
  smsPerHour: [5, 'count', 'SMS to one number in an hour'],
  smsPerDay: [10, 'count', 'SMS to one number in a day'],
  smsPerAddressTenMinutes: [10, 'count', 'SMS asked for from one network address in 10 minutes'],
  smsPerAddressDay: [50, 'count', 'SMS asked for from one network address in a day'],
  smsDailyBudget: [100_000, 'count', 'SMS of the whole system in a day; alarms at 50, 80 and 100 %'],
  passwordMinimum: [12, 'characters', 'shortest password, in code points'],
  passwordMaximum: [256, 'characters', 'longest password, in code points; refused before hashing'],
  passwordAttempts: [5, 'count', 'wrong pairs of one person from one network before waits begin'],
  passwordFirstWait: [30, 'seconds', 'first wait after too many wrong pairs; it doubles each time'],
  passwordLongestWait: [1 * HOUR, 'seconds', 'longest wait after wrong pairs'],
  passwordAttemptsKnownBrowser: [10, 'count', 'wrong pairs of one person from a browser that signed in before, in 15 minutes'],
  passwordAttemptsPerDay: [50, 'count', 'wrong pairs of one person over all networks in a day before an SMS code is asked as well'],
  passwordAttemptsPerAddress: [100, 'count', 'wrong pairs from one network address in an hour'],
  signUpsPerAddress: [10, 'count', 'accounts made from one network address in an hour'],
  registryAttempts: [5, 'count', 'identity comparisons for one person in a day'],
  ownershipAttempts: [5, 'count', 'mobile numbers compared for one person in a day'],
  recoveriesPerHour: [3, 'count', 'recoveries begun for one person in an hour'],
  recoveriesPerDay: [5, 'count', 'recoveries begun for one person in a day'],
  hashQueue: [50, 'count', 'password hashes that may wait; one more is answered 503 with Retry-After'],
  hashRetryAfter: [5, 'seconds', 'Retry-After of that 503'],
  interactionLifetime: [1 * HOUR, 'seconds', 'life of a visit to our pages for one authorization request'],
  requestLifetime: [24 * HOUR, 'seconds', 'how long an authorization request is kept so that it can start again by itself'],
  draftLifetime: [30 * MINUTE, 'seconds', 'life of a sign-up draft, renewed by every step'],
  waitingDraftLifetime: [24 * HOUR, 'seconds', 'life of a draft whose owner asked for an SMS when the registry answers again'],
  sessionIdle: [30 * MINUTE, 'seconds', 'a session ends after this long without use'],
  sessionAbsolute: [12 * HOUR, 'seconds', 'a session ends this long after sign-in, used or not'],
  knownBrowserLifetime: [180 * DAY, 'seconds', 'how long a browser that signed in is remembered'],
  authorizationCodeLifetime: [60, 'seconds', 'life of an authorization code'],
  accessTokenLifetime: [15 * MINUTE, 'seconds', 'life of an access token'],
  idTokenLifetime: [10 * MINUTE, 'seconds', 'life of an ID token'],
  refreshTokenLifetime: [12 * HOUR, 'seconds', 'life of a refresh token; rotation never moves this end (ASVS 10.4.8)'],
  deviceCodeLifetime: [10 * MINUTE, 'seconds', 'life of a code that a device without a keyboard shows (RFC 8628)'],
  deviceCodesPerAddress: [30, 'count', 'codes of devices typed from one network address in an hour'],
  grantLifetime: [1 * DAY, 'seconds', 'life of one session’s grant to a client'],
  keyRotation: [90 * DAY, 'seconds', 'how long a signing key signs before its successor does'],
  keyPublishLead: [1 * DAY, 'seconds', 'how long a signing key is published before it signs; longer than any cache of the key set'],
  keyRetention: [
    2 * DAY,
    'seconds',
    'how long a key that signs no more stays published; longer than any token that it signed, and its use as a hint at sign-out',
  ],
  keyReread: [30, 'seconds', 'how often every process reads the moments of the signing keys again; at most 60'],
  jwksCacheAge: [1 * HOUR, 'seconds', 'how long relying parties may cache the key set and discovery'],
  bodyBytes: [16 * 1024, 'bytes', 'largest form or token request'],
  parameterLength: [2048, 'characters', 'longest single authorization parameter'],
  connectorTimeout: [8, 'seconds', 'how long an outside system may take to answer'],
  breakerFailures: [5, 'count', 'failures in a row after which an outside system rests'],
  breakerRest: [30, 'seconds', 'how long it rests'],
  doctorEntries: [100, 'count', 'failures of a client that the integration doctor remembers'],
  doctorLifetime: [30 * DAY, 'seconds', 'how long the integration doctor remembers a client’s failures and what was seen of it'],
  drain: [10, 'seconds', 'how long requests under way may take after SIGTERM'],
} as const satisfies Record<string, Row>;

export type LimitName = keyof typeof LIMIT_TABLE;
export type Limits = Readonly<Record<LimitName, number>>;

/** `oneTimeCodeDigits` → `LIMIT_ONE_TIME_CODE_DIGITS`. */
export const limitVariable = (name: LimitName): string => `LIMIT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

export const DEFAULT_LIMITS = Object.fromEntries(Object.entries(LIMIT_TABLE).map(([name, [value]]) => [name, value])) as Limits;

/** Reads the overrides. Returns the limits and a line for each value that is not a positive whole number. */
export function loadLimits(env: Readonly<Record<string, string | undefined>>): { limits: Limits; problems: string[] } {
  const limits: Record<string, number> = { ...DEFAULT_LIMITS };
  const problems: string[] = [];
  for (const name of Object.keys(LIMIT_TABLE) as LimitName[]) {
    const text = env[limitVariable(name)];
    if (text === undefined) continue;
    if (/^[1-9]\d{0,11}$/.test(text)) limits[name] = Number(text);
    else problems.push(`${limitVariable(name)}: a positive whole number (${LIMIT_TABLE[name][1]}), not "${text}"`);
  }
  return { limits: limits as Limits, problems: [...problems, ...keyProblems(limits as Limits)] };
}

/** Moments of a rotation that would let a token meet a key set without its key. Two readings may lie between a change and the last process that knows it. */
function keyProblems({ keyRotation, keyPublishLead, keyRetention, keyReread, jwksCacheAge, idTokenLifetime, accessTokenLifetime }: Limits): string[] {
  const slack = 2 * keyReread;
  const rules: readonly (readonly [boolean, string])[] = [
    [keyReread <= 60, 'LIMIT_KEY_REREAD: at most 60'],
    [keyPublishLead >= jwksCacheAge + slack, `LIMIT_KEY_PUBLISH_LEAD: at least LIMIT_JWKS_CACHE_AGE and ${slack} seconds`],
    [
      keyRetention >= Math.max(idTokenLifetime, accessTokenLifetime) + slack,
      `LIMIT_KEY_RETENTION: at least the longest life of a signed token and ${slack} seconds`,
    ],
    [keyRotation > keyPublishLead, 'LIMIT_KEY_ROTATION: longer than LIMIT_KEY_PUBLISH_LEAD'],
  ];
  return rules.flatMap(([holds, problem]) => (holds ? [] : [problem]));
}

/** The table of docs/limits.md, in Markdown. */
export function limitsTable(): string {
  const rows = (Object.keys(LIMIT_TABLE) as LimitName[]).map((name) => {
    const [value, unit, meaning] = LIMIT_TABLE[name];
    return `| \`${limitVariable(name)}\` | ${value} | ${unit} | ${meaning} |`;
  });
  return ['| setting | default | unit | meaning |', '|---|---|---|---|', ...rows].join('\n');
}
