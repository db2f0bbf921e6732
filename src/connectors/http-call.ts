import type { Breaker } from './breaker.ts';

/** What came back: a JSON value with its status, or nothing that can be used. */
export type Reply =
  | { readonly ok: true; readonly status: number; readonly body: unknown }
  | { readonly ok: false; readonly reason: 'resting' | 'timeout' | 'connection' | 'not-json' | 'too-large' };
export type Call = (path: string, request: { readonly json?: unknown; readonly form?: Readonly<Record<string, string>> }) => Promise<Reply>;

type Parts = {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly breaker: Breaker;
  /** Which answers count as a failure of the system itself; 5xx always does. */
  readonly isFailure?: (reply: Extract<Reply, { ok: true }>) => boolean;
};

const LARGEST = 64 * 1024;

/**
 * One way to call an outside system: a time limit over connection, headers and body; one more try only when no connection was made; an answer of
 * bounded size; a rest after repeated failures. Never throws, and never names the address, which may carry a key.
 */
export function createCall({ baseUrl, timeoutMs, breaker, isFailure = () => false }: Parts): Call {
  const once = async (path: string, { json, form }: Parameters<Call>[1]): Promise<Reply> => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`${baseUrl}${path}`, {
        method: 'POST',
        signal,
        redirect: 'error',
        headers: { Accept: 'application/json', 'Content-Type': json === undefined ? 'application/x-www-form-urlencoded' : 'application/json' },
        body: json === undefined ? new URLSearchParams(form).toString() : JSON.stringify(json),
      });
      const text = await readBounded(response);
      if (text === undefined) return { ok: false, reason: 'too-large' };
      return { ok: true, status: response.status, body: JSON.parse(text) as unknown };
    } catch (error) {
      if (signal.aborted) return { ok: false, reason: 'timeout' };
      return { ok: false, reason: error instanceof SyntaxError ? 'not-json' : 'connection' };
    }
  };

  return async (path, request) => {
    if (!breaker.allows()) return { ok: false, reason: 'resting' };
    const first = await once(path, request);
    const reply = !first.ok && first.reason === 'connection' ? await once(path, request) : first;
    if (!reply.ok || reply.status >= 500 || isFailure(reply)) breaker.failed();
    else breaker.succeeded();
    return reply;
  };
}

async function readBounded(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > LARGEST) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
