import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import type { Browser } from './browser.ts';
import { birthFields } from './journey.ts';

/** `output`: all that was written so far, to both streams. `exit`: the exit code, once it has ended; null after a signal. */
export type Run = { readonly child: ChildProcess; readonly output: () => string; readonly exit: Promise<number | null> };

/** `bin/profile.mjs` in a process of its own, with nothing of this one's environment but the path. The caller ends it. */
export function run(env: Readonly<Record<string, string>>, args: readonly string[] = [], cwd = '.'): Run {
  const child = spawn(process.execPath, [resolve('bin/profile.mjs'), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  return { child, output: () => text, exit: once(child, 'exit').then(([code]) => code as number | null) };
}

/** Waits until the process says that it is ready. Throws what it wrote instead when it ended before. */
export const ready = ({ child, output }: Run): Promise<void> =>
  until(
    () => {
      assert.equal(child.exitCode, null, output());
      return output().includes('not for production');
    },
    () => `the start\n${output()}`,
  );

/** Ports that nobody listens on: all are open at once before any is let go, so no two are alike. */
export async function freePorts(count: number, host = 'localhost'): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      return server;
    }),
  );
  return servers.map((server) => {
    const { port } = server.address() as { port: number };
    server.close();
    return port;
  });
}

/** Asks ten times a second for half a minute; then fails with `what`. */
export async function until(condition: () => boolean | Promise<boolean>, what: string | (() => string)): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await condition()) return;
    await new Promise((go) => setTimeout(go, 100));
  }
  assert.fail(`it never came: ${typeof what === 'string' ? what : what()}`);
}

/** As /people.json of the simulators tells a person. */
export type ListedPerson = {
  readonly national_code: string;
  readonly mobile: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly father_name: string;
  readonly birth_date: string;
  readonly certificate_number: string;
};

/** From the first page of sign-up to the answer to the identity page, the code taken from the simulators' own inbox. */
export async function identify(browser: Browser, simulators: string, person: ListedPerson): Promise<void> {
  await browser.submit({ action: 'national' });
  await browser.submit({ nationalCode: person.national_code, mobile: person.mobile });
  let code = '';
  await until(async () => {
    const [sms] = (await (await fetch(`${simulators}/sms.json?to=${person.mobile}`)).json()) as { text: string }[];
    code = /\d{6}/.exec(sms?.text ?? '')?.[0] ?? '';
    return code !== '';
  }, 'the SMS');
  await browser.submit({ code });
  await browser.submit({
    firstName: person.first_name,
    lastName: person.last_name,
    fatherName: person.father_name,
    ...birthFields(person.birth_date),
    certificateNumber: person.certificate_number,
  });
}
