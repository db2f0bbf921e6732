import { z } from 'zod';
import type { Clock, Signer } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { createBreaker } from './breaker.ts';
import { createCall, type Reply } from './http-call.ts';

/** A signer over HTTP on a loopback address, or HTTPS; docs/keys.md tells its two calls. `token` proves to it who asks. */
export type SignerSettings = { readonly url: string; readonly token?: string };

const madeKey = z.looseObject({ kty: z.string() });
const signature = z.object({ signature: z.base64url().min(1) });

/** No token can be issued without it, so it rests only briefly. */
const REST_SECONDS = 1;

export function httpSigner({ url, token }: SignerSettings, { limits, now }: { limits: Limits; now: Clock }): Signer {
  const call = createCall({
    baseUrl: url,
    timeoutMs: limits.connectorTimeout * 1000,
    breaker: createBreaker({ failures: limits.breakerFailures, restSeconds: REST_SECONDS, now }),
  });
  const ask = async <Answer>(path: string, json: object, schema: z.ZodType<Answer>): Promise<Answer> => {
    const reply = await call(path, { json: { ...json, ...(token ? { token } : {}) } });
    const answer = reply.ok && reply.status < 300 ? schema.safeParse(reply.body) : undefined;
    if (!answer?.success) throw new Error(`the signer did not answer ${path} as agreed: ${reasonOf(reply)}`);
    return answer.data;
  };
  return {
    make: (alg) => ask('/keys', { alg }, madeKey),
    sign: async (kid, bytes) => Buffer.from((await ask('/sign', { kid, input: Buffer.from(bytes).toString('base64url') }, signature)).signature, 'base64url'),
  };
}

const reasonOf = (reply: Reply): string => (reply.ok ? `status ${reply.status}` : reply.reason);
