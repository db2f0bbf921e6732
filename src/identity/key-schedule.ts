import type { Limits } from '#src/limits.ts';
import type { KeyChange, KeyMoments, StoredKey } from './ports.ts';

/**
 * When a signing key is published, signs, rests and is gone: pure functions of its moments and the time, so that every process that reads the same
 * moments comes to the same answer.
 */
export type Phase = 'next' | 'current' | 'retired' | 'gone';

/** Why keys change: the calendar, an operator who wants new keys, or an operator who no longer trusts the old ones. */
export type Occasion = 'schedule' | 'planned' | 'compromise';

/** A key that was made and has no moments yet. */
export type MadeKey = Pick<StoredKey, 'kid' | 'algorithm' | 'sealed'>;

type KeyLimits = Pick<Limits, 'keyRotation' | 'keyPublishLead' | 'keyRetention' | 'keyReread'>;

const SECOND = 1000;
/** After two readings every process has a key that was stored now, also one that just missed it. */
const READINGS = 2;

/** `now` in milliseconds. A moment belongs to the phase that it opens. */
export function phaseOf({ signsFrom, signsUntil = Infinity, goneAt = Infinity }: KeyMoments, now: number): Phase {
  if (now >= goneAt) return 'gone';
  if (now < signsFrom) return 'next';
  return now < signsUntil ? 'current' : 'retired';
}

/** The moment from which a further key of `algorithm` shall sign, in milliseconds; undefined when none is due. */
export function successorDue(keys: readonly KeyMoments[], algorithm: string, now: number, limits: KeyLimits, occasion: Occasion): number | undefined {
  const own = keys.filter((key) => key.algorithm === algorithm);
  const current = own.filter((key) => phaseOf(key, now) === 'current').at(-1);
  const waiting = own.some((key) => phaseOf(key, now) === 'next');
  if (!current && !waiting) return now;
  if (occasion === 'compromise') return now + READINGS * limits.keyReread * SECOND;
  // A key that waits is the successor; there is never a second one.
  if (waiting || !current) return undefined;
  const lead = now + limits.keyPublishLead * SECOND;
  if (occasion === 'planned') return lead;
  const end = current.signsFrom + limits.keyRotation * SECOND;
  return lead >= end ? Math.max(end, lead) : undefined;
}

/** Puts the keys of `made` that are due in their places, and forgets what is gone. A key that another process was faster to make is left out. */
export function changeOf(keys: readonly KeyMoments[], made: readonly MadeKey[], now: number, limits: KeyLimits, occasion: Occasion): KeyChange {
  const due = made.flatMap((key) => {
    const signsFrom = successorDue(keys, key.algorithm, now, limits, occasion);
    return signsFrom === undefined ? [] : [{ ...key, createdAt: now, signsFrom }];
  });
  const move = due.flatMap(({ algorithm, signsFrom }) =>
    keys.flatMap((key) => {
      const moments = key.algorithm === algorithm ? MOVES[occasion][phaseOf(key, now)]?.(signsFrom, now, limits) : undefined;
      return moments ? [{ ...key, ...moments }] : [];
    }),
  );
  return { add: due, move, remove: keys.filter((key) => phaseOf(key, now) === 'gone').map(({ kid }) => kid) };
}

type Move = (signsFrom: number, now: number, limits: KeyLimits) => Partial<KeyMoments>;

/** What a successor does to the older keys of its algorithm. After a compromise nothing that they signed is trusted once the successor signs. */
const supersede: Move = (signsFrom, _now, { keyRetention }) => ({ signsUntil: signsFrom, goneAt: signsFrom + keyRetention * SECOND });
const withdraw: Move = (_signsFrom, now) => ({ goneAt: now });
const MOVES: Readonly<Record<Occasion, Partial<Record<Phase, Move>>>> = {
  schedule: { current: supersede },
  planned: { current: supersede },
  compromise: { current: (signsFrom) => ({ signsUntil: signsFrom, goneAt: signsFrom }), next: withdraw, retired: withdraw },
};
