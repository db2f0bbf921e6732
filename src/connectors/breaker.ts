import type { Clock } from '#src/identity/ports.ts';

export type Breaker = { allows(): boolean; failed(): void; succeeded(): void };

/** After `failures` in a row an outside system rests for `restSeconds`; then one call tries it, and the others follow when it answers. */
export function createBreaker({ failures, restSeconds, now }: { failures: number; restSeconds: number; now: Clock }): Breaker {
  let inARow = 0;
  let restUntil = 0;
  return {
    allows() {
      if (inARow < failures) return true;
      if (now() < restUntil) return false;
      // The one that tries; the rest begins anew for the others until it is known.
      restUntil = now() + restSeconds * 1000;
      return true;
    },
    failed() {
      inARow += 1;
      if (inARow >= failures) restUntil = now() + restSeconds * 1000;
    },
    succeeded() {
      inARow = 0;
    },
  };
}
