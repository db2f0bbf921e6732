import { closeSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Takes the data folder for this process. Two processes on one embedded database lose rows without an error (measured), so the second is refused.
 * Throws an Error with one clear line when a living process holds it; a lock that a dead process left is taken over.
 */
export function lockDataFolder(folder: string): { path: string; release(): void } {
  const path = resolve(folder);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const file = join(path, 'profile.lock');
  for (let tries = 0; tries < 3; tries += 1) {
    if (claim(file)) return { path, release: () => release(file) };
    const holder = holderOf(file);
    if (holder !== undefined && isAlive(holder))
      throw new Error(`the data folder ${path} is in use by process ${holder}; stop it first, or set DATA_DIR to another folder`);
    setAside(file);
  }
  throw new Error(`the data folder ${path} is being taken by other processes; try again`);
}

function claim(file: string): boolean {
  try {
    const handle = openSync(file, 'wx', 0o600);
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A lock may be removed only once: of two processes that find it stale, one renames it and the other finds it gone. */
function setAside(file: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    const holder = holderOf(aside);
    // Somebody took it between our look and our rename: give it back.
    if (holder !== undefined && holder !== process.pid && isAlive(holder)) renameSync(aside, file);
    else unlinkSync(aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function release(file: string): void {
  if (holderOf(file) !== process.pid) return;
  try {
    unlinkSync(file);
  } catch {
    // Gone already; nothing is held any more.
  }
}
