// Runs the modules of the certification plans against the real app and prints a table: module, result, reason. Exit code 1 when one failed.
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const files = globSync('test/conformance/*.test.ts').sort();
const folder = mkdtempSync(join(tmpdir(), 'profile-conformance-'));
const results = join(folder, 'results.jsonl');
const reporter = new URL('./conformance-reporter.mjs', import.meta.url).href;
const run = spawn(
  process.execPath,
  ['--test', '--test-concurrency=2', '--test-timeout=180000', `--test-reporter=${reporter}`, `--test-reporter-destination=${results}`, ...files],
  { stdio: 'inherit' },
);
run.on('exit', (code, signal) => {
  const rows = readFileSync(results, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  rmSync(folder, { recursive: true });
  const plans = Map.groupBy(rows, ({ plan }) => plan);
  for (const [plan, modules] of plans) {
    const counts = Map.groupBy(modules, ({ result }) => result);
    console.log(`\n${plan}: ${[...counts].map(([result, { length }]) => `${length} ${result.toLowerCase()}`).join(', ')}`);
    const width = Math.max(...modules.map(({ module }) => module.length));
    for (const { module, result, reason } of modules) console.log(`  ${module.padEnd(width)}  ${result.padEnd(7)}  ${reason}`);
  }
  const failed = rows.filter(({ result }) => result === 'FAILED').length;
  console.log(`\n${rows.length - failed} of ${rows.length} as expected`);
  // No module at all is no success.
  process.exitCode = signal || code || failed || !rows.length ? 1 : 0;
});
