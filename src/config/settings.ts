/**
 * config/ is the parts of config.ts: the table of settings, how one is read, and the rules between them. Nothing here reads the environment by itself.
 * The README's table is generated from the rows below.
 */
type Need = 'production' | 'optional';
export type Kind = 'text' | 'secret' | 'url' | 'port' | 'count' | 'flag' | 'list' | 'choice';
export type Setting = { readonly kind: Kind; readonly need: Need; readonly preset?: string; readonly choices?: readonly string[]; readonly meaning: string };

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
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** The README's table of settings, in Markdown. */
export function settingsTable(): string {
  const rows = Object.entries(SETTINGS).map(([name, row]: [string, Setting]) => {
    const needed = row.need === 'production' ? 'needed' : row.preset ? `\`${row.preset}\`` : '';
    return `| \`${name}\`${row.kind === 'secret' ? ' ᶠ' : ''} | ${needed} | ${row.meaning} |`;
  });
  return ['| setting | production | meaning |', '|---|---|---|', ...rows].join('\n');
}
