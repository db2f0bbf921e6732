/**
 * commands/ is what `profile <name>` does, one file a command, imported only when it is asked for; without a name it is `serve`, whose parts have a
 * folder of their own. A command is told everything by main.ts and reads no environment.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type Config, isEmbedded, loadConfig } from '#src/config.ts';
import { type EmbeddedSecrets, embeddedSecrets, ONE_ADDRESS } from '#src/embedded.ts';
import type { Clock } from '#src/identity/ports.ts';
import type { SandboxCommand } from '#src/sandbox/command.ts';
import type { StoreSettings } from '#src/stores/index.ts';

/** How the process was called, and where it may write. */
export type Call = {
  readonly name: string | undefined;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (text: string) => void;
  readonly complain: (error: unknown) => void;
};

/** `secrets`: in the embedded mode only. `sandbox`: what the command `sandbox` added. */
export type Settings = { readonly config: Config; readonly secrets?: EmbeddedSecrets; readonly sandbox?: SandboxCommand };

/** Read at every call: a sandbox moves the clock of the process. */
export const now: Clock = () => Date.now();

/** Throws ConfigError. The embedded mode makes its data folder here. */
export async function settingsOf(call: Call): Promise<Settings> {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const sandbox = await sandboxOf(call, readFile);
  const env = { ...call.env, ...sandbox?.env };
  if (!isEmbedded(env)) return { config: loadConfig(env, readFile) };
  // Every problem is told before the first file is written.
  if (sandbox) loadConfig({ ...env, ...PLACEHOLDERS }, readFile);
  const secrets = embeddedSecrets(env['DATA_DIR'] || 'data');
  const { eservices: _, club: __, sandbox: ___, ...needed } = secrets;
  return { config: loadConfig({ ...ONE_ADDRESS, ...env, ...needed }, readFile), secrets, ...(sandbox ? { sandbox } : {}) };
}

export const storeSettings = (config: Config, onError: (error: unknown) => void): StoreSettings => ({
  now,
  onError,
  poolSize: config.poolSize,
  ...(config.databaseUrl ? { databaseUrl: config.databaseUrl } : { dataDir: config.dataDir }),
  ...(config.redisUrl ? { redisUrl: config.redisUrl } : {}),
});

const PLACEHOLDERS = Object.fromEntries(['COOKIE_SECRETS', 'DATA_SECRET', 'PAIRWISE_SECRET'].map((name) => [name, name.repeat(4)]));

async function sandboxOf({ name, flags, env }: Call, readFile: (path: string) => string): Promise<SandboxCommand | undefined> {
  if (name !== 'sandbox' && env['SANDBOX'] !== 'yes') return undefined;
  const { readSandboxCommand } = await import('#src/sandbox/command.ts');
  return readSandboxCommand(flags, { env, readFile, exists: existsSync });
}
