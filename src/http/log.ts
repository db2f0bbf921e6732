import { type Logger, pino } from 'pino';

export type Log = Logger;
type Fields = Readonly<Record<string, unknown>>;

/**
 * The one place where a log line is cleaned. What may be personal is removed by shape, wherever it stands: codes of 10 to 16 digits in any
 * script, mobiles, e-mail addresses, tokens and hashes. Field names that carry such things are refused whole.
 */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\$argon2[a-z]*\$[^\s"]+/g, '[hash]'],
  [/eyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)?/g, '[token]'],
  [/[\w.+-]+@[\w-]+\.[\w.-]+/g, '[email]'],
  [/(?:\+|00)?98[\s-]?9\d{2}[\s-]?\d{3}[\s-]?\d{4}/g, '[mobile]'],
  [/(?<![\w-])[0-9۰-۹٠-٩]{10,16}(?![\w-])/g, '[number]'],
  [/([?&](?:code|token|state|nonce|id_token_hint|login_hint|access_token)=)[^&\s"]+/g, '$1[…]'],
  // An opaque token or a session identifier is a run of at least 40 characters without a space.
  [/(?<![\w-])[A-Za-z0-9_-]{40,}(?![\w-])/g, '[secret]'],
];
const PRIVATE = /pass|secret|token|code$|mobile|phone|email|name$|cookie|authorization|birth|identifier/i;
const ALLOWED = new Set(['providerCode', 'errorCode', 'statusCode', 'code']);
const DEPTH = 5;

export const redactText = (text: string): string => SHAPES.reduce((clean, [shape, mark]) => clean.replace(shape, mark), text);

export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH) return '[…]';
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, PRIVATE.test(name) && !ALLOWED.has(name) ? '[private]' : redact(item, depth + 1)]),
  );
}

function redactError(error: Error, depth: number): Fields {
  const { code, error_description: description, error_detail: detail } = error as { code?: unknown; error_description?: unknown; error_detail?: unknown };
  return {
    type: error.name,
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    ...(typeof code === 'string' ? { code: redactText(code) } : {}),
    ...(typeof description === 'string' ? { description: redactText(description) } : {}),
    ...(typeof detail === 'string' ? { detail: redactText(detail) } : {}),
    ...(error.cause ? { cause: redact(error.cause, depth + 1) } : {}),
  };
}

/** JSON lines, UTC, one a line whatever the text holds. */
export const createLog = (level: string, destination?: { write(line: string): void }): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => redact(fields) as Record<string, unknown> },
      hooks: {
        logMethod(parts, method) {
          method.apply(this, parts.map((part) => (typeof part === 'string' ? redactText(part) : part)) as Parameters<typeof method>);
        },
      },
    },
    ...(destination ? [destination] : []),
  );
