import { type Limits, loadLimits } from './limits.ts';

/**
 * One table of settings, one function that reads them. The README's table is generated from the same rows.
 * Behaviour never branches on NODE_ENV; it branches on `mode`, which follows from what is set (see `isEmbedded`).
 */
type Env = Readonly<Record<string, string | undefined>>;
type Need = 'production' | 'optional';
type Kind = 'text' | 'secret' | 'url' | 'port' | 'count' | 'flag' | 'list' | 'choice';
type Row = { readonly kind: Kind; readonly need: Need; readonly preset?: string; readonly choices?: readonly string[]; readonly meaning: string };

export const SETTINGS = {
  ISSUER: { kind: 'url', need: 'production', meaning: 'public address of this server, e.g. https://profile.example.org; https except on a loopback host' },
  DATABASE_URL: { kind: 'secret', need: 'production', meaning: 'PostgreSQL 15 or newer, postgres://…' },
  REDIS_URL: { kind: 'secret', need: 'production', meaning: 'Redis 7 or newer, redis://… or rediss://…' },
  COOKIE_SECRETS: { kind: 'secret', need: 'production', meaning: 'comma list, newest first, each at least 32 characters; signs cookies' },
  DATA_SECRET: { kind: 'secret', need: 'production', meaning: 'at least 32 characters; encrypts signing keys, drafts and interactions, keys the counters' },
  PAIRWISE_SECRET: { kind: 'secret', need: 'production', meaning: 'at least 32 characters; pairwise subjects derive from it, so it never changes' },
  UID_BUSINESS_ID: { kind: 'text', need: 'production', meaning: 'account at the inquiry gateway (mobile ownership, civil registry, foreign residents)' },
  UID_BUSINESS_TOKEN: { kind: 'secret', need: 'production', meaning: 'its token' },
  KAVENEGAR_API_KEY: { kind: 'secret', need: 'production', meaning: 'key of the SMS gateway' },
  OPERATOR_TOKEN: { kind: 'secret', need: 'optional', meaning: 'at least 32 characters; opens /api for the operator, which answers 404 without it' },
  UID_URL: { kind: 'url', need: 'optional', preset: 'https://json-api.uid.ir', meaning: 'address of the inquiry gateway' },
  KAVENEGAR_URL: { kind: 'url', need: 'optional', preset: 'https://api.kavenegar.com', meaning: 'address of the SMS gateway' },
  KAVENEGAR_SENDER: { kind: 'text', need: 'optional', meaning: 'sending line of plain SMS; the gateway’s default line otherwise' },
  KAVENEGAR_TEMPLATE: { kind: 'text', need: 'optional', meaning: 'approved template for one-time codes (%token is the code); plain SMS otherwise' },
  FOREIGN_OWNERSHIP_KEY: {
    kind: 'choice',
    need: 'optional',
    preset: 'document',
    choices: ['document', 'fida'],
    meaning: 'what a foreign national’s SIM is registered under: document or fida',
  },
  FIDA_LENGTHS: { kind: 'list', need: 'optional', preset: '12', meaning: 'accepted lengths of a FIDA code, comma list' },
  NATIONAL_CODES_ALLOWED: { kind: 'list', need: 'optional', preset: '', meaning: 'national codes of ten equal digits that belong to real people, comma list' },
  MINIMUM_AGE: { kind: 'count', need: 'optional', preset: '18', meaning: 'years; youngest person who may have an account' },
  EMAIL_OPTIONAL: { kind: 'flag', need: 'optional', preset: 'no', meaning: 'yes: sign-up may leave the e-mail empty' },
  CERTIFICATE_SERIES: { kind: 'flag', need: 'optional', preset: 'no', meaning: 'yes: sign-up also asks series and serial of the birth certificate' },
  SIGNER_URL: {
    kind: 'url',
    need: 'optional',
    meaning: 'address of a signer that keeps the private signing keys (docs/keys.md); without it they are kept encrypted in the database',
  },
  SIGNER_TOKEN: { kind: 'secret', need: 'optional', meaning: 'token that the signer wants to see' },
  LANGUAGE: { kind: 'choice', need: 'optional', preset: 'fa', choices: ['fa', 'en'], meaning: 'language of a person who has not chosen one' },
  HOST: { kind: 'text', need: 'optional', preset: '', meaning: 'address to listen on; all addresses in production, loopback in the embedded mode' },
  PORT: { kind: 'port', need: 'optional', preset: '3000', meaning: 'port to listen on' },
  PROXY_HOPS: {
    kind: 'count',
    need: 'optional',
    preset: '0',
    meaning: 'number of trusted reverse proxies in front; they overwrite X-Forwarded-For and X-Forwarded-Proto',
  },
  CLIENT_CERTIFICATE_HEADER: {
    kind: 'text',
    need: 'optional',
    meaning: 'header in which the proxy passes the client’s certificate (URL-encoded PEM, or RFC 9440); mutual TLS is off without it',
  },
  CLIENT_VERIFIED_HEADER: {
    kind: 'text',
    need: 'optional',
    preset: 'X-Client-Verify',
    meaning: 'header that says SUCCESS when the proxy verified that certificate; the proxy overwrites both',
  },
  CONFORMANCE: {
    kind: 'flag',
    need: 'optional',
    preset: 'no',
    meaning: 'yes: clients and the one test person of certification suites; only with an issuer on a loopback host',
  },
  CONFORMANCE_SUITE: {
    kind: 'url',
    need: 'optional',
    preset: 'https://localhost.emobix.co.uk:8443/test/a/profile',
    meaning: 'address of the certification suite with its alias; its callbacks lie below it (docs/conformance.md)',
  },
  POOL_SIZE: { kind: 'count', need: 'optional', preset: '10', meaning: 'PostgreSQL connections of one process' },
  CONFIG_DIR: { kind: 'text', need: 'optional', preset: 'config', meaning: 'folder of brand.json, mark.svg, clients.json and apis.json' },
  LOG_LEVEL: { kind: 'choice', need: 'optional', preset: 'info', choices: ['debug', 'info', 'warn', 'error', 'silent'], meaning: 'least level that is logged' },
  SANDBOX: {
    kind: 'flag',
    need: 'optional',
    preset: 'no',
    meaning: 'yes: an integrator’s sandbox, as `profile sandbox` starts it; embedded, loopback only, marked as a test everywhere',
  },
  DATA_DIR: { kind: 'text', need: 'optional', preset: 'data', meaning: 'embedded mode: folder of the embedded database and its generated secrets' },
  ESERVICE_PORT: { kind: 'port', need: 'optional', preset: '3300', meaning: 'embedded mode: port of the sample e-service' },
  SIMULATORS_PORT: { kind: 'port', need: 'optional', preset: '3400', meaning: 'embedded mode: port of the simulators' },
} as const satisfies Record<string, Row>;

export type SettingName = keyof typeof SETTINGS;

export type Config = {
  readonly mode: 'embedded' | 'production';
  /** An embedded server that can never be taken for a real one. */
  readonly sandbox: boolean;
  readonly issuer: string;
  readonly host: string;
  readonly port: number;
  readonly proxyHops: number;
  /** Headers by which the proxy passes on the client's certificate. */
  readonly certificates?: { readonly certificate: string; readonly verified: string };
  readonly conformance: boolean;
  readonly conformanceSuite: string;
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  readonly poolSize: number;
  readonly dataDir: string;
  readonly eservicePort: number;
  readonly simulatorsPort: number;
  readonly cookieSecrets: readonly string[];
  readonly dataSecret: string;
  readonly pairwiseSecret: string;
  readonly operatorToken?: string;
  readonly uid: { readonly url: string; readonly businessId: string; readonly businessToken: string; readonly foreignOwnershipKey: 'document' | 'fida' };
  readonly kavenegar: { readonly url: string; readonly key: string; readonly sender?: string; readonly template?: string };
  /** Where the private signing keys are, when not here. */
  readonly signer?: { readonly url: string; readonly token?: string };
  readonly policy: Policy;
  readonly language: 'fa' | 'en';
  readonly configDir: string;
  readonly logLevel: string;
  readonly limits: Limits;
};

/** What the organisation decides about people. */
export type Policy = {
  readonly fidaLengths: readonly number[];
  readonly nationalCodesAllowed: readonly string[];
  /** Years. */
  readonly minimumAge: number;
  readonly emailOptional: boolean;
  readonly certificateSeries: boolean;
};

/** Every problem of the settings at once, one line each. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`settings: ${problems.length} to correct\n${problems.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Nothing that names an outside store or address is set: the whole system runs in this process and its data folder. A sandbox always does. */
export const isEmbedded = (env: Env): boolean =>
  env['SANDBOX'] === 'yes' || !(['ISSUER', 'DATABASE_URL', 'REDIS_URL'] as const).some((name) => env[name] || env[`${name}_FILE`]);

const CHECK: Readonly<Record<Kind, (text: string, row: Row) => string | undefined>> = {
  text: () => undefined,
  secret: () => undefined,
  url: (text) => (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? undefined : 'an http(s) address'),
  port: (text) => (/^\d{1,5}$/.test(text) && Number(text) < 65_536 ? undefined : 'a port number'),
  count: (text) => (/^\d{1,6}$/.test(text) ? undefined : 'a whole number'),
  flag: (text) => (/^(yes|no)$/.test(text) ? undefined : 'yes or no'),
  list: () => undefined,
  choice: (text, row) => (row.choices?.includes(text) ? undefined : `one of ${row.choices?.join(', ')}`),
};

const SECRET_LENGTH = 32;

/**
 * Settings from the environment; `readFile` serves NAME_FILE.
 * In the embedded mode the caller supplies the generated secrets in `env` and the simulators stand in for the outside.
 * Throws ConfigError.
 */
export function loadConfig(env: Env, readFile: (path: string) => string = refuseFiles): Config {
  const embedded = isEmbedded(env);
  const problems: string[] = [];
  const text: Partial<Record<SettingName, string>> = {};

  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const row: Row = SETTINGS[name];
    const given = readSetting(name, env, readFile, problems);
    if (given === undefined && row.need === 'production' && !embedded) problems.push(`${name}: missing; ${row.meaning}`);
    const value = given ?? row.preset;
    if (value === undefined) continue;
    const expected = value === '' ? undefined : CHECK[row.kind](value, row);
    if (expected) problems.push(`${name}: expected ${expected}${row.kind === 'secret' ? '' : `, not "${value}"`}`);
    else text[name] = value;
  }

  const port = Number(text.PORT);
  const simulators = `http://localhost:${text.SIMULATORS_PORT}`;
  const issuer = (text.ISSUER ?? `http://localhost:${port}`).replace(/\/$/, '');
  if (text.CONFORMANCE === 'yes' && !isLoopback(issuer)) problems.push('CONFORMANCE: only with an issuer on a loopback host');
  if (text.CLIENT_CERTIFICATE_HEADER && text.PROXY_HOPS === '0' && !isLoopback(issuer))
    problems.push('CLIENT_CERTIFICATE_HEADER: only behind a proxy that overwrites it; set PROXY_HOPS');
  problems.push(...issuerProblems(issuer), ...secretProblems(text, embedded), ...storeProblems(text), ...signerProblems(text.SIGNER_URL));
  if (text.SANDBOX === 'yes') problems.push(...sandboxProblems(text, issuer));
  const fidaLengths = list(text.FIDA_LENGTHS).map(Number);
  if (!fidaLengths.length || fidaLengths.some((length) => !Number.isInteger(length) || length < 9 || length > 16))
    problems.push('FIDA_LENGTHS: whole numbers from 9 to 16');
  const { limits, problems: limitProblems } = loadLimits(env);
  problems.push(...limitProblems);
  if (problems.length) throw new ConfigError(problems);

  return Object.freeze({
    mode: embedded ? 'embedded' : 'production',
    sandbox: text.SANDBOX === 'yes',
    issuer,
    host: text.HOST || (embedded ? 'localhost' : '0.0.0.0'),
    port,
    proxyHops: Number(text.PROXY_HOPS),
    ...(text.CLIENT_CERTIFICATE_HEADER ? { certificates: { certificate: text.CLIENT_CERTIFICATE_HEADER, verified: text.CLIENT_VERIFIED_HEADER ?? '' } } : {}),
    conformance: text.CONFORMANCE === 'yes',
    conformanceSuite: (text.CONFORMANCE_SUITE ?? '').replace(/\/$/, ''),
    ...(text.DATABASE_URL ? { databaseUrl: text.DATABASE_URL } : {}),
    ...(text.REDIS_URL ? { redisUrl: text.REDIS_URL } : {}),
    poolSize: Number(text.POOL_SIZE),
    dataDir: text.DATA_DIR ?? 'data',
    eservicePort: Number(text.ESERVICE_PORT),
    simulatorsPort: Number(text.SIMULATORS_PORT),
    cookieSecrets: list(text.COOKIE_SECRETS),
    dataSecret: text.DATA_SECRET ?? '',
    pairwiseSecret: text.PAIRWISE_SECRET ?? '',
    ...(text.OPERATOR_TOKEN ? { operatorToken: text.OPERATOR_TOKEN } : {}),
    uid: {
      url: embedded ? `${simulators}/uid` : (text.UID_URL ?? ''),
      businessId: embedded ? 'embedded' : (text.UID_BUSINESS_ID ?? ''),
      businessToken: embedded ? 'embedded' : (text.UID_BUSINESS_TOKEN ?? ''),
      foreignOwnershipKey: text.FOREIGN_OWNERSHIP_KEY as 'document' | 'fida',
    },
    kavenegar: {
      url: embedded ? `${simulators}/kavenegar` : (text.KAVENEGAR_URL ?? ''),
      key: embedded ? 'embedded' : (text.KAVENEGAR_API_KEY ?? ''),
      ...(text.KAVENEGAR_SENDER ? { sender: text.KAVENEGAR_SENDER } : {}),
      ...(text.KAVENEGAR_TEMPLATE ? { template: text.KAVENEGAR_TEMPLATE } : {}),
    },
    ...(text.SIGNER_URL ? { signer: { url: text.SIGNER_URL.replace(/\/$/, ''), ...(text.SIGNER_TOKEN ? { token: text.SIGNER_TOKEN } : {}) } } : {}),
    policy: {
      fidaLengths,
      nationalCodesAllowed: list(text.NATIONAL_CODES_ALLOWED),
      minimumAge: Number(text.MINIMUM_AGE),
      emailOptional: text.EMAIL_OPTIONAL === 'yes',
      certificateSeries: text.CERTIFICATE_SERIES === 'yes',
    },
    language: text.LANGUAGE as 'fa' | 'en',
    configDir: text.CONFIG_DIR ?? 'config',
    logLevel: text.LOG_LEVEL ?? 'info',
    limits,
  });
}

/** The README's table of settings, in Markdown. */
export function settingsTable(): string {
  const rows = Object.entries(SETTINGS).map(([name, row]: [string, Row]) => {
    const needed = row.need === 'production' ? 'needed' : row.preset ? `\`${row.preset}\`` : '';
    return `| \`${name}\`${row.kind === 'secret' ? ' ᶠ' : ''} | ${needed} | ${row.meaning} |`;
  });
  return ['| setting | production | meaning |', '|---|---|---|', ...rows].join('\n');
}

function readSetting(name: SettingName, env: Env, readFile: (path: string) => string, problems: string[]): string | undefined {
  const file = SETTINGS[name].kind === 'secret' ? env[`${name}_FILE`] : undefined;
  if (!file) return env[name] || undefined;
  if (env[name]) problems.push(`${name}: set either ${name} or ${name}_FILE, not both`);
  try {
    return readFile(file).trim() || undefined;
  } catch {
    problems.push(`${name}_FILE: cannot be read`);
    return undefined;
  }
}

const isLoopback = (issuer: string): boolean => URL.canParse(issuer) && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(issuer).hostname);

/** Whoever can ask the signer can sign, so nobody may listen on the way. */
function signerProblems(url: string | undefined): string[] {
  if (!url) return [];
  return new URL(url).protocol === 'https:' || isLoopback(url) ? [] : ['SIGNER_URL: https is needed on a host that is not loopback'];
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[?::1\]?)$/;

/** What would let a sandbox be taken for a real server, or touch one. */
function sandboxProblems(text: Partial<Record<SettingName, string>>, issuer: string): string[] {
  const stores = (['DATABASE_URL', 'REDIS_URL'] as const).filter((name) => text[name]);
  const { protocol, hostname } = URL.canParse(issuer) ? new URL(issuer) : { protocol: '', hostname: '' };
  return [
    ...stores.map((name) => `${name}: a sandbox keeps everything in its own folder and uses no outside store`),
    ...(protocol === 'http:' && LOOPBACK.test(hostname) ? [] : ['ISSUER: a sandbox is at http:// on a loopback host']),
    ...(text.HOST && !LOOPBACK.test(text.HOST) ? ['HOST: a sandbox listens on a loopback address only'] : []),
  ];
}

function issuerProblems(issuer: string): string[] {
  if (!URL.canParse(issuer)) return [];
  const { protocol, pathname, search, hash } = new URL(issuer);
  const problems: string[] = [];
  if (protocol !== 'https:' && !isLoopback(issuer)) problems.push('ISSUER: https is needed on a host that is not loopback');
  if (pathname !== '/' || search || hash) problems.push('ISSUER: scheme and host only, without a path');
  return problems;
}

function secretProblems(text: Partial<Record<SettingName, string>>, embedded: boolean): string[] {
  const names = ['COOKIE_SECRETS', 'DATA_SECRET', 'PAIRWISE_SECRET'] as const;
  const weak = names.filter((name) => text[name] && list(text[name]).some((secret) => secret.length < SECRET_LENGTH));
  const given = names.flatMap((name) => list(text[name]));
  return [
    ...(text.OPERATOR_TOKEN && text.OPERATOR_TOKEN.length < SECRET_LENGTH ? [`OPERATOR_TOKEN: at least ${SECRET_LENGTH} characters`] : []),
    ...weak.map((name) => `${name}: at least ${SECRET_LENGTH} characters each`),
    ...(new Set(given).size === given.length ? [] : ['COOKIE_SECRETS, DATA_SECRET, PAIRWISE_SECRET: must differ from one another']),
    ...(embedded ? names.filter((name) => !text[name]).map((name) => `${name}: the embedded mode generates it; it was not given`) : []),
  ];
}

function storeProblems(text: Partial<Record<SettingName, string>>): string[] {
  const scheme = (name: 'DATABASE_URL' | 'REDIS_URL', pattern: RegExp, expected: string): string[] =>
    text[name] && !pattern.test(text[name]) ? [`${name}: expected ${expected}`] : [];
  return [...scheme('DATABASE_URL', /^postgres(ql)?:\/\//, 'postgres://…'), ...scheme('REDIS_URL', /^rediss?:\/\//, 'redis://… or rediss://…')];
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

function refuseFiles(): never {
  throw new Error('no files here');
}
