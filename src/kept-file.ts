import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What the embedded mode made at its first start and keeps in its data folder, readable by its owner alone. A file that an earlier version made gets
 * what came later, once: at every later start it is the same again.
 */
export function keptFile<Content extends object>(folder: string, name: string, fresh: Content, complete: (kept: Partial<Content>) => Content): Content {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  try {
    writeFileSync(file, textOf(fresh), { flag: 'wx', mode: 0o600 });
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const text = readFileSync(file, 'utf8');
    const whole = complete(JSON.parse(text) as Partial<Content>);
    if (textOf(whole) !== text) writeFileSync(file, textOf(whole), { mode: 0o600 });
    return whole;
  }
}

const textOf = (content: object): string => JSON.stringify(content, undefined, 2);
