import type { Occasion } from '#src/identity/key-schedule.ts';
import type { KeyReport } from './keys.ts';

/** What the flags of `rotate-keys` ask for. Throws at any other flag: after a compromise a slip of the pen must not become a slow rotation. */
export function rotationOf(flags: readonly string[]): Exclude<Occasion, 'schedule'> {
  const unknown = flags.find((flag) => flag !== '--now');
  if (unknown !== undefined) throw new Error(`rotate-keys knows --now only, not ${unknown}`);
  return flags.includes('--now') ? 'compromise' : 'planned';
}

/** One line a key: algorithm, phase, name, and when it signs and is gone. */
export const keysText = (keys: readonly KeyReport[]): string =>
  keys
    .map(({ algorithm, phase, kid, signsFrom, signsUntil, goneAt, kept }) =>
      [
        algorithm.padEnd(6),
        phase.padEnd(8),
        kid,
        `signs from ${moment(signsFrom)}`,
        ...(signsUntil === undefined ? [] : [`until ${moment(signsUntil)}`]),
        ...(goneAt === undefined ? [] : [`gone at ${moment(goneAt)}`]),
        ...(kept === 'signer' ? ['kept by the signer'] : []),
      ].join('  '),
    )
    .join('\n');

const moment = (milliseconds: number): string => new Date(milliseconds).toISOString();
