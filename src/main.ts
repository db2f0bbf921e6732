import type { Call } from './commands/settings.ts';

/** The process: what it was called with → one command. The only file with side effects of its own, and the only one that reads the environment. */
type Command = (call: Call) => Promise<void>;

/** Each loads what it needs and no more. */
const COMMANDS: ReadonlyMap<string | undefined, Command> = new Map<string | undefined, Command>([
  [undefined, (call) => serve(call)],
  ['migrate', async (call) => (await import('./commands/migrate.ts')).migrate(call)],
  ['rotate-keys', async (call) => (await import('./commands/rotate-keys.ts')).rotateKeys(call)],
  ['legacy-report', async (call) => (await import('./commands/legacy-report.ts')).printLegacyReport(call)],
  ['conformance-settings', async (call) => (await import('./commands/conformance-settings.ts')).printConformanceSettings(call)],
  ['sandbox', async (call) => (call.flags.includes('--help') ? printSandboxUsage(call) : serve(call))],
  ...['help', '--help', '-h'].map((name): [string, Command] => [name, async ({ print }) => print((await import('./commands/usage.ts')).USAGE)]),
]);

const serve: Command = async (call) => (await import('./commands/serve.ts')).serve(call);

const printSandboxUsage: Command = async ({ print }) => print((await import('./sandbox/command.ts')).SANDBOX_USAGE);

/** A slip of the finger must not start a server. */
const refuse: Command = async ({ name }) => {
  throw new Error(`profile has no command "${name}"\n\n${(await import('./commands/usage.ts')).USAGE}`);
};

const [name, ...flags] = process.argv.slice(2);
try {
  await (COMMANDS.get(name) ?? refuse)({ name, flags, env: process.env, print: console.log, complain: console.error });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
