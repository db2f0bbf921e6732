import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ALGORITHMS } from '#src/oidc/key-material.ts';

const folder = mkdtempSync(join(tmpdir(), 'profile-keys-'));
after(() => rmSync(folder, { recursive: true, force: true }));

type Ended = { readonly code: number; readonly output: string };
const rotateKeys = (...flags: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: folder };
    execFile(process.execPath, ['bin/profile.mjs', 'rotate-keys', ...flags], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });

/** The names of keys by phase, as printed. */
const named = (output: string, phase: string): string[] => output.split('\n').flatMap((line) => (line.split(/ +/)[1] === phase ? [line.split(/ +/)[2]!] : []));

test('an operator rotates by hand, again without effect while keys wait, and at once after a compromise', async () => {
  const first = await rotateKeys();
  assert.equal(first.code, 0, first.output);
  const [current, next] = ['current', 'next'].map((phase) => named(first.output, phase));
  assert.equal(current?.length, ALGORITHMS.length);
  assert.equal(next?.length, ALGORITHMS.length);
  assert.match(first.output, /next {6}\S{43} {2}signs from \d{4}-\d\d-\d\dT/);

  assert.deepEqual(named((await rotateKeys()).output, 'next'), next, 'they wait already');

  const compromise = await rotateKeys('--now');
  assert.deepEqual(named(compromise.output, 'gone').sort(), next?.sort());
  assert.equal(named(compromise.output, 'next').length, ALGORITHMS.length);
  assert.deepEqual(named(compromise.output, 'current'), current, 'until every process knows the new ones');

  const slip = await rotateKeys('--know');
  assert.equal(slip.code, 1);
  assert.match(slip.output, /knows --now only/);
});
