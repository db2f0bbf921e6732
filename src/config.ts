import { type Env, list, type ReadFile, readSettings } from './config/read.ts';
import { problemsBetween } from './config/rules.ts';
import { type Limits, loadLimits } from './limits.ts';

export { isLoopbackHost } from './config/rules.ts';
export { settingsTable } from './config/settings.ts';

/**
 * One function reads all settings. Behaviour never branches on NODE_ENV; it branches on `mode`, which follows from what is set (see `isEmbedded`).
 */
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

/**
 * Settings from the environment; `readFile` serves NAME_FILE.
 * In the embedded mode the caller supplies the generated secrets in `env` and the simulators stand in for the outside.
 * Throws ConfigError.
 */
export function loadConfig(env: Env, readFile: ReadFile = refuseFiles): Config {
  const embedded = isEmbedded(env);
  const { texts, problems } = readSettings(env, readFile, embedded);
  const port = Number(texts.PORT);
  const issuer = (texts.ISSUER ?? `http://localhost:${port}`).replace(/\/$/, '');
  const { limits, problems: limitProblems } = loadLimits(env);
  const all = [...problems, ...problemsBetween({ texts, issuer, embedded }), ...limitProblems];
  if (all.length) throw new ConfigError(all);

  const simulators = `http://localhost:${texts.SIMULATORS_PORT}`;
  return Object.freeze({
    mode: embedded ? 'embedded' : 'production',
    sandbox: texts.SANDBOX === 'yes',
    issuer,
    host: texts.HOST || (embedded ? 'localhost' : '0.0.0.0'),
    port,
    proxyHops: Number(texts.PROXY_HOPS),
    ...(texts.CLIENT_CERTIFICATE_HEADER
      ? { certificates: { certificate: texts.CLIENT_CERTIFICATE_HEADER, verified: texts.CLIENT_VERIFIED_HEADER ?? '' } }
      : {}),
    conformance: texts.CONFORMANCE === 'yes',
    conformanceSuite: (texts.CONFORMANCE_SUITE ?? '').replace(/\/$/, ''),
    ...(texts.DATABASE_URL ? { databaseUrl: texts.DATABASE_URL } : {}),
    ...(texts.REDIS_URL ? { redisUrl: texts.REDIS_URL } : {}),
    poolSize: Number(texts.POOL_SIZE),
    dataDir: texts.DATA_DIR ?? 'data',
    eservicePort: Number(texts.ESERVICE_PORT),
    simulatorsPort: Number(texts.SIMULATORS_PORT),
    cookieSecrets: list(texts.COOKIE_SECRETS),
    dataSecret: texts.DATA_SECRET ?? '',
    pairwiseSecret: texts.PAIRWISE_SECRET ?? '',
    ...(texts.OPERATOR_TOKEN ? { operatorToken: texts.OPERATOR_TOKEN } : {}),
    uid: {
      url: embedded ? `${simulators}/uid` : (texts.UID_URL ?? ''),
      businessId: embedded ? 'embedded' : (texts.UID_BUSINESS_ID ?? ''),
      businessToken: embedded ? 'embedded' : (texts.UID_BUSINESS_TOKEN ?? ''),
      foreignOwnershipKey: texts.FOREIGN_OWNERSHIP_KEY as 'document' | 'fida',
    },
    kavenegar: {
      url: embedded ? `${simulators}/kavenegar` : (texts.KAVENEGAR_URL ?? ''),
      key: embedded ? 'embedded' : (texts.KAVENEGAR_API_KEY ?? ''),
      ...(texts.KAVENEGAR_SENDER ? { sender: texts.KAVENEGAR_SENDER } : {}),
      ...(texts.KAVENEGAR_TEMPLATE ? { template: texts.KAVENEGAR_TEMPLATE } : {}),
    },
    ...(texts.SIGNER_URL ? { signer: { url: texts.SIGNER_URL.replace(/\/$/, ''), ...(texts.SIGNER_TOKEN ? { token: texts.SIGNER_TOKEN } : {}) } } : {}),
    policy: {
      fidaLengths: list(texts.FIDA_LENGTHS).map(Number),
      nationalCodesAllowed: list(texts.NATIONAL_CODES_ALLOWED),
      minimumAge: Number(texts.MINIMUM_AGE),
      emailOptional: texts.EMAIL_OPTIONAL === 'yes',
      certificateSeries: texts.CERTIFICATE_SERIES === 'yes',
    },
    language: texts.LANGUAGE as 'fa' | 'en',
    configDir: texts.CONFIG_DIR ?? 'config',
    logLevel: texts.LOG_LEVEL ?? 'info',
    limits,
  });
}

function refuseFiles(): never {
  throw new Error('no files here');
}
