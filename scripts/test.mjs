// Runs the suite, or the folders given, on the Node that package.json pins, and prints coverage. Real stores are used where their addresses are set.
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';

const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(`Profile needs Node 24 or newer; this is ${process.versions.node}. Run it through npm: npm test`);
  process.exit(1);
}
const folders = process.argv.slice(2);
const files = globSync((folders.length ? folders : ['test']).map((folder) => `${folder}/**/*.test.ts`)).sort();
const coverage = folders.length ? [] : ['--experimental-test-coverage', '--test-coverage-include=src/**', '--test-coverage-exclude=src/browser/**'];
const run = spawn(process.execPath, ['--test', '--test-concurrency=2', '--test-timeout=180000', ...coverage, ...files], { stdio: 'inherit' });
run.on('exit', (code, signal) => {
  process.exitCode = signal ? 1 : (code ?? 1);
});
