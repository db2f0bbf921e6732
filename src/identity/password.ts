import { hash, verify } from '@node-rs/argon2';
import { ProfileError } from '#src/errors.ts';

export type Hasher = {
  /** Argon2id in PHC form. Throws ProfileError('busy') when too many are waiting. */
  hash(password: string): Promise<string>;
  /** False for a wrong password, and, after the same work, for no hash at all: an unknown person takes as long as a known one. */
  verify(stored: string | undefined, password: string): Promise<boolean>;
  needsRehash(stored: string): boolean;
  /** How many wait for a core, for the log and the tests. */
  waiting(): number;
};

/** OWASP's floor, and RFC 9106's order of parameters: 19 MiB, two passes, one lane. 9 ms on one core of the reference machine. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const PREFIX = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$`;
/** A hash of nothing anybody knows, with the same cost. */
const DUMMY = `${PREFIX}c2FsdHNhbHRzYWx0c2FsdA$6qyyfjkNWk2Yg2UVUBQ1AeTtGvZvJRYg9yM7OTKD0Yo`;
/** Hashing time grows with length; the password rules refuse longer ones before they come here. */
const LONGEST = 1024;

/** As many hashes at once as there are cores, a bounded number waiting, and an honest refusal for the rest: a flood of sign-ins must not take the memory. */
export function createHasher({ concurrency, queue, retryAfter }: { concurrency: number; queue: number; retryAfter: number }): Hasher {
  const line: (() => void)[] = [];
  let running = 0;

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= concurrency) {
      if (line.length >= queue) throw new ProfileError('busy', { detail: { retryAfter } });
      await new Promise<void>((resolve) => line.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      // The place passes to the next in line, if any; nobody can slip in between.
      const next = line.shift();
      if (next) next();
      else running -= 1;
    }
  };

  return {
    hash: (password) => inTurn(() => hash(normalize(password), COST)),
    verify: (stored, password) => inTurn(async () => (await verify(stored ?? DUMMY, normalize(password))) && stored !== undefined),
    needsRehash: (stored) => !stored.startsWith(PREFIX),
    waiting: () => line.length,
  };
}

/** One form for what one keyboard may write in two (NIST SP 800-63B-4 §3.1.1.2); never trimmed, never lowered. */
const normalize = (password: string): string => password.normalize('NFC').slice(0, LONGEST);
