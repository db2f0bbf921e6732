// Runs the import rules and fails when they inspected (almost) nothing: a tool that reads no module must not pass.
import { createRequire } from 'node:module';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const LEAST = 60;
const rules = createRequire(import.meta.url)('../config/dependency-rules.cjs');
const { output } = await cruise(
  ['src'],
  { ...rules.options, ruleSet: { forbidden: rules.forbidden }, validate: true, outputType: 'json' },
  {},
  { tsConfig: extractTSConfig('tsconfig.json') },
);
const { summary } = JSON.parse(output);
const modules = summary.totalCruised;
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
if (modules < LEAST) console.error(`only ${modules} modules were inspected; at least ${LEAST} were expected`);
console.log(`import rules: ${modules} modules, ${summary.violations.length} violations`);
process.exitCode = summary.violations.length || modules < LEAST ? 1 : 0;
