import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export type Spawned = {
  readonly child: ChildProcess;
  /** All that it wrote so far. */
  output(): string;
  /** Its exit code; null after a signal. */
  readonly exit: Promise<number | null>;
};

/** `profile` with these arguments and settings, and nothing of our own environment. The caller ends it. */
export function spawnProfile(args: readonly string[], env: Readonly<Record<string, string>>, cwd = '.'): Spawned {
  const child = spawn(process.execPath, [resolve('bin/profile.mjs'), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  return { child, output: () => text, exit: once(child, 'exit').then(([code]) => code as number | null) };
}

/** Ports on which nobody listens now. */
export async function freePorts(count: number, host = 'localhost'): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  return servers.map((server) => {
    const { port } = server.address() as { port: number };
    server.close();
    return port;
  });
}

/** Waits for `condition`, `seconds` at most; fails with `what` and what it says then. */
export async function until(condition: () => boolean | Promise<boolean>, what: string | (() => string), seconds = 30): Promise<void> {
  for (let tries = 0; tries < seconds * 10; tries += 1) {
    if (await condition()) return;
    await pause(100);
  }
  assert.fail(`it never came: ${typeof what === 'string' ? what : what()}`);
}
