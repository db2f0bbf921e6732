import type { LimitName, Limits } from '#src/limits.ts';
import type { Clock, Ephemeral } from './ports.ts';

/** Seconds. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly retryAfter: number };
type Subject = 'number' | 'address' | 'person';
export type Who = { readonly [subject in Subject]?: string };
export type SignInWho = { readonly person: string; readonly address: string /** The person signed in with this browser before. */; readonly known: boolean };

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Rule = { readonly by: Subject; readonly seconds: number; readonly limit: LimitName };
const rule = (by: Subject, seconds: number, limit: LimitName): Rule => ({ by, seconds, limit });

/** Every guessable and every costly thing, in one table (journeys §6). */
const RULES = {
  sms: [
    rule('number', MINUTE, 'smsPerMinute'),
    rule('number', 15 * MINUTE, 'smsPerQuarter'),
    rule('number', HOUR, 'smsPerHour'),
    rule('number', DAY, 'smsPerDay'),
    rule('address', 10 * MINUTE, 'smsPerAddressTenMinutes'),
    rule('address', DAY, 'smsPerAddressDay'),
  ],
  recover: [rule('person', HOUR, 'recoveriesPerHour'), rule('person', DAY, 'recoveriesPerDay')],
  registry: [rule('person', DAY, 'registryAttempts')],
  ownership: [rule('person', DAY, 'ownershipAttempts')],
  'sign-up': [rule('address', HOUR, 'signUpsPerAddress')],
  'device-code': [rule('address', HOUR, 'deviceCodesPerAddress')],
} as const satisfies Record<string, readonly Rule[]>;
export type LimitedAct = keyof typeof RULES;

export type Limiter = {
  /** Counts the act, then judges: however many arrive together, no more than the limit are allowed. A refused act is counted nowhere else. */
  take(act: LimitedAct, who: Who): Promise<Verdict>;
  /** Judges without counting. */
  peek(act: LimitedAct, who: Who): Promise<Verdict>;
  readonly signIn: {
    /** Counts the attempt before the password is compared. `secondFactor`: many failures over all networks; the password alone is not enough. */
    ask(who: SignInWho): Promise<Verdict & { readonly secondFactor: boolean }>;
    /** How many attempts are left before a wait, and the wait that begins now, in seconds. */
    failed(who: SignInWho): Promise<{ readonly attemptsLeft: number; readonly wait: number }>;
    succeeded(who: SignInWho): Promise<void>;
  };
};

type Parts = { readonly ephemeral: Ephemeral; readonly keyed: (text: string) => string; readonly now: Clock; readonly limits: Limits };

export function createLimiter(parts: Parts): Limiter {
  const { ephemeral, keyed, limits } = parts;
  const keyOf = (act: LimitedAct, { by, seconds }: Rule, who: Who): string => `limit:${keyed(`${act}|${by}|${seconds}|${subjectOf(by, who)}`).slice(0, 32)}`;
  const rulesFor = (act: LimitedAct, who: Who): readonly Rule[] => (RULES[act] as readonly Rule[]).filter(({ by }) => who[by] !== undefined);

  const peek = async (act: LimitedAct, who: Who): Promise<Verdict> => {
    const rules = rulesFor(act, who);
    const counts = await ephemeral.counts(rules.map((one) => keyOf(act, one, who)));
    const waits = rules.flatMap(({ limit }, index) => ((counts[index]?.count ?? 0) >= limits[limit] ? [counts[index]?.resetIn ?? 0] : []));
    return waits.length ? { allowed: false, retryAfter: Math.max(...waits) } : { allowed: true };
  };

  return {
    peek,
    async take(act, who) {
      // Looking first keeps refused acts from being counted; counting then keeps parallel ones honest.
      const seen = await peek(act, who);
      if (!seen.allowed) return seen;
      const rules = rulesFor(act, who);
      const counts = await Promise.all(rules.map((one) => ephemeral.count(keyOf(act, one, who), one.seconds)));
      const waits = rules.flatMap(({ limit }, index) => ((counts[index]?.count ?? 0) > limits[limit] ? [counts[index]?.resetIn ?? 0] : []));
      return waits.length ? { allowed: false, retryAfter: Math.max(...waits) } : { allowed: true };
    },
    signIn: signInLimiter(parts),
  };
}

/** A number or a person as they are; an address by its network, because one host of IPv6 has 2^64 addresses. */
const subjectOf = (by: Subject, who: Who): string => (by === 'address' ? network(who.address ?? '') : (who[by] ?? ''));

const FAILURE_WINDOW = HOUR;
const KNOWN_WINDOW = 15 * MINUTE;

/**
 * Growing waits for one person from one network, said honestly; a browser that knows the person has a count of its own, so that strangers cannot
 * lock anybody out; over all networks there is never a lock, only a second factor. Unknown people are counted like known ones.
 */
function signInLimiter({ ephemeral, keyed, limits }: Parts): Limiter['signIn'] {
  const key = (kind: string, text: string): string => `sign-in:${keyed(`${kind}|${text}`).slice(0, 32)}`;
  const namesOf = ({ person, address, known }: SignInWho) => {
    const pair = known ? key('known', person) : key('pair', `${person}|${network(address)}`);
    return { pair, wait: `${pair}:wait`, level: `${pair}:level`, everywhere: key('everywhere', person), from: key('address', network(address)) };
  };
  const free = ({ known }: SignInWho): number => (known ? limits.passwordAttemptsKnownBrowser : limits.passwordAttempts);
  const windowOf = ({ known }: SignInWho): number => (known ? KNOWN_WINDOW : FAILURE_WINDOW);

  return {
    async ask(who) {
      const { pair, wait, level, everywhere, from } = namesOf(who);
      const [waiting, fromAddress, failures, waits] = await ephemeral.counts([wait, from, everywhere, level]);
      const secondFactor = (failures?.count ?? 0) >= limits.passwordAttemptsPerDay;
      if (waiting?.count) return { allowed: false, retryAfter: waiting.resetIn, secondFactor };
      if ((fromAddress?.count ?? 0) >= limits.passwordAttemptsPerAddress) return { allowed: false, retryAfter: fromAddress?.resetIn ?? 0, secondFactor };
      // Reserved before the compare: of a thousand parallel guesses only the free ones are compared.
      const attempt = await ephemeral.count(pair, windowOf(who));
      if (attempt.count <= free(who)) return { allowed: true, secondFactor };
      // After those, each wait that has passed allows one guess more.
      const passed = waits?.count ?? 0;
      if (passed > 0 && (await ephemeral.create(`${pair}:pass:${passed}`, '1', windowOf(who)))) return { allowed: true, secondFactor };
      return { allowed: false, retryAfter: waitSeconds(limits, passed + 1), secondFactor };
    },

    async failed(who) {
      const { pair, wait, level, everywhere, from } = namesOf(who);
      const [counts] = await Promise.all([ephemeral.counts([pair, level]), ephemeral.count(everywhere, DAY), ephemeral.count(from, HOUR)]);
      const [attempts, waits] = counts;
      const attemptsLeft = Math.max(0, free(who) - (attempts?.count ?? 0));
      if (attemptsLeft > 0) return { attemptsLeft, wait: 0 };
      const begun = await ephemeral.count(wait, waitSeconds(limits, (waits?.count ?? 0) + 1));
      // Of parallel failures one begins the wait and raises the level of the next.
      if (begun.count === 1) await ephemeral.count(level, windowOf(who));
      return { attemptsLeft: 0, wait: begun.resetIn };
    },

    async succeeded(who) {
      const { pair, wait, level, everywhere } = namesOf(who);
      await ephemeral.drop([pair, wait, level, everywhere]);
    },
  };
}

/** 30 s, 60 s, 2 min … 1 h. */
const waitSeconds = (limits: Limits, nth: number): number =>
  Math.min(limits.passwordLongestWait, limits.passwordFirstWait * 2 ** Math.min(20, Math.max(0, nth - 1)));

/** The network of an address: /24 of IPv4, /56 of IPv6. */
export function network(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (plain.includes('.')) return plain.split('.').slice(0, 3).join('.');
  const [head = '', tail] = plain.toLowerCase().split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const groups = tail === undefined ? left : [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right];
  const [a = '0', b = '0', c = '0', d = '0'] = groups.map((group) => group.padStart(4, '0'));
  return [a, b, c, d.slice(0, 2)].join(':');
}
