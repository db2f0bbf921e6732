import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Limits } from '#src/limits.ts';
import type { Clock, Ephemeral } from './ports.ts';

export type CodePurpose = 'sign-up' | 'sign-in' | 'recover' | 'change-mobile';

/** What a code is good for; any other visit, purpose, person or number makes it worthless. `mobile` is 'none' for a person without an account. */
export type CodeBinding = { readonly purpose: CodePurpose; readonly uid: string; readonly person: string; readonly mobile: string };

export type Redemption =
  | { readonly outcome: 'ok' | 'expired' | 'exhausted' }
  | { readonly outcome: 'incorrect'; readonly attemptsLeft: number }
  /** Seconds. */
  | { readonly outcome: 'too-many'; readonly retryAfter: number };

export type Codes = {
  /** The same code while it lives: two SMS that cross are the usual failure. `expiresAt` in milliseconds. */
  issue(binding: CodeBinding): Promise<{ code: string; expiresAt: number }>;
  standing(binding: CodeBinding): Promise<{ expiresAt: number; attemptsLeft: number } | undefined>;
  redeem(binding: CodeBinding, typed: string): Promise<Redemption>;
};

type Parts = {
  readonly ephemeral: Ephemeral;
  readonly keyed: (text: string) => string;
  readonly now: Clock;
  readonly limits: Limits;
  /** A code that somebody always gets, in that many digits: the citizen of the conformance setting, and nobody else. */
  readonly fixed?: ((binding: CodeBinding, length: number) => string | undefined) | undefined;
};

const HOUR = 3600;
/** How long the count over all codes of a person is remembered; a right code ends it before. */
const IN_ALL_SECONDS = 30 * 24 * HOUR;

/**
 * The store holds a random seed, never the code: the code is digits of HMAC(seed + binding), so a dump of the store opens nothing.
 * Every try is counted before it is compared, in one atomic act, so a thousand parallel tries are five (CVE-2024-4629); a new code resets no count.
 */
export function createCodes({ ephemeral, keyed, now, limits, fixed }: Parts): Codes {
  const nameOf = ({ purpose, uid, person, mobile }: CodeBinding): string => keyed(`code|${purpose}|${uid}|${person}|${mobile}`).slice(0, 32);
  const seedKey = (name: string): string => `code:${name}`;
  const triesKey = (name: string): string => `code-tries:${name}`;
  const hourKey = ({ person }: CodeBinding): string => `code-hour:${keyed(`code-hour|${person}`).slice(0, 32)}`;
  const allKey = ({ person }: CodeBinding): string => `code-all:${keyed(`code-all|${person}`).slice(0, 32)}`;

  const digitsOf = (seed: string, binding: CodeBinding): string => {
    const length = binding.purpose === 'recover' ? limits.recoveryCodeDigits : limits.oneTimeCodeDigits;
    const known = fixed?.(binding, length);
    if (known) return known;
    const bits = BigInt(`0x${Buffer.from(keyed(`digits|${seed}|${nameOf(binding)}`), 'base64url').toString('hex')}`);
    // 256 bits modulo 10^8: the bias is below 2^-200.
    return String(bits % 10n ** BigInt(length)).padStart(length, '0');
  };
  const read = (text: string): { seed: string; expiresAt: number } => JSON.parse(text) as { seed: string; expiresAt: number };

  return {
    async issue(binding) {
      const name = nameOf(binding);
      const fresh = { seed: randomBytes(24).toString('base64url'), expiresAt: now() + limits.oneTimeCodeLifetime * 1000 };
      const made = await ephemeral.create(seedKey(name), JSON.stringify(fresh), limits.oneTimeCodeLifetime);
      const standing = made ? fresh : read((await ephemeral.get(seedKey(name))) ?? JSON.stringify(fresh));
      return { code: digitsOf(standing.seed, binding), expiresAt: standing.expiresAt };
    },

    async standing(binding) {
      const name = nameOf(binding);
      const [text, [tries]] = await Promise.all([ephemeral.get(seedKey(name)), ephemeral.counts([triesKey(name)])]);
      return text ? { expiresAt: read(text).expiresAt, attemptsLeft: Math.max(0, limits.oneTimeCodeAttempts - (tries?.count ?? 0)) } : undefined;
    },

    async redeem(binding, typed) {
      const name = nameOf(binding);
      const [perCode, perHour, inAll] = await Promise.all([
        ephemeral.count(triesKey(name), limits.oneTimeCodeLifetime),
        ephemeral.count(hourKey(binding), HOUR),
        ephemeral.count(allKey(binding), IN_ALL_SECONDS),
      ]);
      if (perHour.count > limits.codeAttemptsPerHour) return { outcome: 'too-many', retryAfter: perHour.resetIn };
      if (inAll.count > limits.codeAttemptsInAll) return { outcome: 'too-many', retryAfter: inAll.resetIn };
      const text = await ephemeral.get(seedKey(name));
      if (!text) return { outcome: 'expired' };
      if (perCode.count > limits.oneTimeCodeAttempts) return { outcome: 'exhausted' };
      if (!equal(digitsOf(read(text).seed, binding), typed)) {
        const attemptsLeft = Math.max(0, limits.oneTimeCodeAttempts - perCode.count);
        return attemptsLeft > 0 ? { outcome: 'incorrect', attemptsLeft } : { outcome: 'exhausted' };
      }
      // Twenty right answers at once: one takes the seed, the others find nothing.
      if ((await ephemeral.take(seedKey(name))) === undefined) return { outcome: 'expired' };
      await ephemeral.drop([triesKey(name), hourKey(binding), allKey(binding)]);
      return { outcome: 'ok' };
    },
  };
}

function equal(code: string, typed: string): boolean {
  if (!/^\d+$/.test(typed) || typed.length !== code.length) return false;
  return timingSafeEqual(Buffer.from(code), Buffer.from(typed));
}
