import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'clock.json';

/**
 * Moves the clock of the whole process: our code takes `now` everywhere, the protocol library reads `Date.now` by itself. The folder keeps how far, so
 * that what was made tomorrow is not in the future of the next start.
 */
export function movableClock(folder: string): { ahead(): number; advance(seconds: number): void } {
  const real = Date.now;
  let ahead = readAhead(folder);
  Date.now = () => real() + ahead * 1000;
  return {
    ahead: () => ahead,
    advance(seconds) {
      ahead += seconds;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, FILE), JSON.stringify({ ahead }));
    },
  };
}

/** Seconds; none for a folder that is new. */
function readAhead(folder: string): number {
  try {
    const { ahead } = JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as { ahead?: number };
    return Number.isInteger(ahead) && Number(ahead) > 0 ? Number(ahead) : 0;
  } catch {
    return 0;
  }
}
