import { list, type Texts } from './read.ts';

type Facts = { readonly texts: Texts; readonly issuer: string; readonly embedded: boolean };
type Rule = (facts: Facts) => readonly string[];

const SECRET_LENGTH = 32;
const SECRETS = ['COOKIE_SECRETS', 'DATA_SECRET', 'PAIRWISE_SECRET'] as const;

/** A host as an address names it or as one listens on it. */
export const isLoopbackHost = (host: string): boolean => /^(localhost|127\.0\.0\.1|\[?::1\]?)$/.test(host);

const isLoopback = (url: string): boolean => URL.canParse(url) && isLoopbackHost(new URL(url).hostname);

/** What settings ask of one another: a line for everything that is wrong. */
export const problemsBetween = (facts: Facts): readonly string[] => RULES.flatMap((rule) => rule(facts));

const RULES: readonly Rule[] = [conformance, certificates, issuerAddress, secrets, stores, signer, sandbox, fidaLengths];

function conformance({ texts, issuer }: Facts): readonly string[] {
  return texts.CONFORMANCE === 'yes' && !isLoopback(issuer) ? ['CONFORMANCE: only with an issuer on a loopback host'] : [];
}

function certificates({ texts, issuer }: Facts): readonly string[] {
  return texts.CLIENT_CERTIFICATE_HEADER && texts.PROXY_HOPS === '0' && !isLoopback(issuer)
    ? ['CLIENT_CERTIFICATE_HEADER: only behind a proxy that overwrites it; set PROXY_HOPS']
    : [];
}

function issuerAddress({ issuer }: Facts): readonly string[] {
  if (!URL.canParse(issuer)) return [];
  const { protocol, pathname, search, hash } = new URL(issuer);
  return [
    ...(protocol === 'https:' || isLoopback(issuer) ? [] : ['ISSUER: https is needed on a host that is not loopback']),
    ...(pathname === '/' && !search && !hash ? [] : ['ISSUER: scheme and host only, without a path']),
  ];
}

function secrets({ texts, embedded }: Facts): readonly string[] {
  const weak = SECRETS.filter((name) => list(texts[name]).some((secret) => secret.length < SECRET_LENGTH));
  const given = SECRETS.flatMap((name) => list(texts[name]));
  return [
    ...(texts.OPERATOR_TOKEN && texts.OPERATOR_TOKEN.length < SECRET_LENGTH ? [`OPERATOR_TOKEN: at least ${SECRET_LENGTH} characters`] : []),
    ...weak.map((name) => `${name}: at least ${SECRET_LENGTH} characters each`),
    ...(new Set(given).size === given.length ? [] : ['COOKIE_SECRETS, DATA_SECRET, PAIRWISE_SECRET: must differ from one another']),
    ...(embedded ? SECRETS.filter((name) => !texts[name]).map((name) => `${name}: the embedded mode generates it; it was not given`) : []),
  ];
}

function stores({ texts }: Facts): readonly string[] {
  const scheme = (name: 'DATABASE_URL' | 'REDIS_URL', pattern: RegExp, expected: string): string[] =>
    texts[name] && !pattern.test(texts[name]) ? [`${name}: expected ${expected}`] : [];
  return [...scheme('DATABASE_URL', /^postgres(ql)?:\/\//, 'postgres://…'), ...scheme('REDIS_URL', /^rediss?:\/\//, 'redis://… or rediss://…')];
}

/** Whoever can ask the signer can sign, so nobody may listen on the way. */
function signer({ texts: { SIGNER_URL: url } }: Facts): readonly string[] {
  if (!url) return [];
  return new URL(url).protocol === 'https:' || isLoopback(url) ? [] : ['SIGNER_URL: https is needed on a host that is not loopback'];
}

/** What would let a sandbox be taken for a real server, or touch one. */
function sandbox({ texts, issuer }: Facts): readonly string[] {
  if (texts.SANDBOX !== 'yes') return [];
  const outside = (['DATABASE_URL', 'REDIS_URL'] as const).filter((name) => texts[name]);
  return [
    ...outside.map((name) => `${name}: a sandbox keeps everything in its own folder and uses no outside store`),
    ...(isLoopback(issuer) && new URL(issuer).protocol === 'http:' ? [] : ['ISSUER: a sandbox is at http:// on a loopback host']),
    ...(texts.HOST && !isLoopbackHost(texts.HOST) ? ['HOST: a sandbox listens on a loopback address only'] : []),
  ];
}

function fidaLengths({ texts }: Facts): readonly string[] {
  const lengths = list(texts.FIDA_LENGTHS).map(Number);
  const right = lengths.length > 0 && lengths.every((length) => Number.isInteger(length) && length >= 9 && length <= 16);
  return right ? [] : ['FIDA_LENGTHS: whole numbers from 9 to 16'];
}
