import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Visit } from './visit.ts';
import { json, type World } from './world.ts';

/** A request to a page, read. `fields`: of the form or the JSON body, as they came. */
export type Asked = {
  readonly world: World;
  readonly visit: Visit;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
};
export type Answer = (asked: Asked) => void;
/** `METHOD /path` to what answers it. */
export type Answers = Readonly<Record<string, Answer>>;

/** Undefined for a body that says it is JSON and is no object. */
export function fieldsOf(request: IncomingMessage, body: string): Readonly<Record<string, unknown>> | undefined {
  if (!request.headers['content-type']?.includes('json')) return Object.fromEntries(new URLSearchParams(body));
  try {
    const value = JSON.parse(body || '{}') as unknown;
    return value && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export const wantsJson = ({ request }: Asked): boolean =>
  /json/.test(request.headers['content-type'] ?? '') || /^application\/json/.test(request.headers.accept ?? '');

/** 422 for a form with something refused in it. */
export function show({ response, visit }: Asked, page: string, status: 200 | 404 | 422 = 200): void {
  response
    .writeHead(status, {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      // Nothing of these pages is written in the page itself, so nothing that came from outside can run in it.
      'Content-Security-Policy': "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; connect-src 'self'; img-src data:",
      ...(visit.cookie ? { 'Set-Cookie': visit.cookie } : {}),
    })
    .end(page);
}

/** After a form: the page again, as GET, with what it shall say was done. */
export const goBack = ({ response, visit }: Asked, done: Readonly<Record<string, string>>): void =>
  void response.writeHead(303, { Location: visit.link(visit.path, done) }).end();

export const refuseJson = ({ response }: Asked, expected: string): void => json(response, { error: 'bad-request', expected }, 400);

/** A number as people type it, in whatever digits their keyboard has. Text that is none is NaN. */
export const typedNumber = (value: unknown): number =>
  Number(
    String(value ?? '')
      .trim()
      .replace(/[۰-۹٠-٩]/g, (digit) => String(digit.charCodeAt(0) & 15)) || Number.NaN,
  );
