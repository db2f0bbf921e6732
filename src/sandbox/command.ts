/**
 * sandbox/ is what `profile sandbox` adds to the embedded server for an integrator's own laptop: a movable clock, people with stories, ordered
 * errors, their own clients. It knows no page and no driver; commands/ puts it in place.
 */

import { parseArgs } from 'node:util';
import { ConfigError, isLoopbackHost } from '#src/config.ts';
import type { StoredClient } from '#src/identity/ports.ts';
import { SCOPES } from '#src/oidc/claims.ts';
import { hashSecret, PORTAL, parseClients } from '#src/oidc/clients.ts';

export type SandboxCommand = {
  /** Settings that follow from the command; they come after the environment's. */
  readonly env: Readonly<Record<string, string>>;
  /** Clients that the integrator brought. */
  readonly clients: readonly StoredClient[];
  /** Of the ready client; empty when the integrator brought clients and asked for no other. */
  readonly redirectUris: readonly string[];
};

type Outside = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  readonly exists: (path: string) => boolean;
};

export const SANDBOX_USAGE = 'profile sandbox [--port 3000] [--redirect-uri http://localhost:8080/callback]… [--client client.json]…';
const OPTIONS = {
  port: { type: 'string' },
  'redirect-uri': { type: 'string', multiple: true },
  client: { type: 'string', multiple: true },
} as const;
const DEFAULT_REDIRECT = 'http://localhost:8080/callback';
const DEFAULT_FOLDER = 'sandbox-data';
/** Read when it is there and no --client is given. */
const CLIENTS_FILE = 'clients.json';
const TAKEN = new Set([PORTAL, 'eservices', 'club', 'sandbox']);

/** Throws ConfigError with everything that is wrong with the command. */
export function readSandboxCommand(args: readonly string[], { env, readFile, exists }: Outside): SandboxCommand {
  const { port, 'redirect-uri': redirects = [], client: files = [] } = optionsOf(args);
  const problems = redirects.filter((uri) => !isRedirect(uri)).map((uri) => `--redirect-uri: https, or http on a loopback host, not "${uri}"`);
  const given = files.length || !exists(CLIENTS_FILE) ? files : [CLIENTS_FILE];
  const clients = given.flatMap((file) => clientsOf(file, readFile, problems));
  const ids = clients.map(({ clientId }) => clientId);
  for (const id of new Set(ids.filter((one, index) => TAKEN.has(one) || ids.indexOf(one) !== index))) problems.push(`--client: the client_id "${id}" is taken`);
  if (problems.length) throw new ConfigError(problems);
  return {
    env: { ...addressOf(env['ISSUER']), ...(port ? { PORT: port } : {}), ...(env['DATA_DIR'] ? {} : { DATA_DIR: DEFAULT_FOLDER }), SANDBOX: 'yes' },
    clients,
    redirectUris: redirects.length || clients.length ? redirects : [DEFAULT_REDIRECT],
  };
}

function optionsOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError([(error as Error).message.split('. ')[0] ?? '', SANDBOX_USAGE]);
  }
}

/** An issuer names the place to listen on too: nothing stands before a sandbox. */
function addressOf(issuer: string | undefined): Record<string, string> {
  if (!issuer || !URL.canParse(issuer)) return {};
  const { port, hostname } = new URL(issuer);
  // Any other host is refused as an issuer, and once is enough.
  return isLoopbackHost(hostname) ? { PORT: port || '80', HOST: hostname.replace(/^\[|\]$/g, '') } : {};
}

const isRedirect = (uri: string): boolean => {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname, hash } = new URL(uri);
  return !hash && (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname)));
};

/** One client or a list, as in config/clients.json, but a laptop's file may hold the secret itself and leave out what follows from the rest. */
function clientsOf(file: string, readFile: (path: string) => string, problems: string[]): readonly StoredClient[] {
  try {
    const value = JSON.parse(readFile(file)) as unknown;
    return parseClients((Array.isArray(value) ? value : [value]).map(completed), file);
  } catch (error) {
    problems.push(`--client ${(error as Error).message.startsWith(file) ? '' : `${file}: `}${(error as Error).message}`);
    return [];
  }
}

function completed(value: unknown): unknown {
  if (!value || typeof value !== 'object') return value;
  const { client_secret: secret, ...client } = value as Record<string, unknown>;
  const [first] = Array.isArray(client['redirect_uris']) ? (client['redirect_uris'] as unknown[]) : [];
  const id = String(client['client_id'] ?? '');
  return {
    names: { fa: id, en: id },
    first_party: false,
    scope: SCOPES.join(' '),
    token_endpoint_auth_method: 'client_secret_basic',
    ...(typeof first === 'string' && /^https?:/.test(first) && URL.canParse(first) ? { start_url: new URL('/', first).href } : {}),
    ...client,
    ...(typeof secret === 'string' ? { secret_hash: hashSecret(secret) } : {}),
  };
}
