import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, constants as rsa, sign, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';

/**
 * A signer to copy from: it holds the private keys, Profile holds their public parts. It has two calls, answers whoever knows the token, and never
 * gives a private key away. A real one stands in front of a hardware module and keeps these two calls.
 */
type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

const generate = promisify(generateKeyPair) as (type: string, options: object) => Promise<{ privateKey: KeyObject }>;

/** How each algorithm makes its key and signs (RFC 7518 §3.3, §3.4, §3.5; RFC 8037 §3.1). */
const ALGORITHMS: Readonly<Record<Algorithm, { make(): Promise<{ privateKey: KeyObject }>; sign(bytes: Buffer, key: KeyObject): Buffer }>> = {
  RS256: { make: () => generate('rsa', { modulusLength: 3072 }), sign: (bytes, key) => sign('sha256', bytes, key) },
  PS256: {
    make: () => generate('rsa', { modulusLength: 3072 }),
    sign: (bytes, key) => sign('sha256', bytes, { key, padding: rsa.RSA_PKCS1_PSS_PADDING, saltLength: rsa.RSA_PSS_SALTLEN_DIGEST }),
  },
  ES256: { make: () => generate('ec', { namedCurve: 'P-256' }), sign: (bytes, key) => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }) },
  EdDSA: { make: () => generate('ed25519', {}), sign: (bytes, key) => sign(null, bytes, key) },
};

type Held = { readonly alg: Algorithm; readonly key: KeyObject };
type Body = { readonly token?: unknown; readonly alg?: unknown; readonly kid?: unknown; readonly input?: unknown };
type Answer = { readonly status: number; readonly json: object };

export type RunningSigner = { readonly url: string; signatures(): number; close(): Promise<void> };

/** Keys live in `folder`, one file each, readable by the owner only. Listens on loopback; `port` 0 takes a free one. */
export async function startSigner({ folder, port, token }: { folder: string; port: number; token: string }): Promise<RunningSigner> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const held = new Map<string, Held>();
  for (const name of readdirSync(folder)) {
    const [alg, kid] = name.split('.') as [Algorithm, string];
    held.set(kid, { alg, key: createPrivateKey(readFileSync(join(folder, name))) });
  }
  let signatures = 0;

  const answers: Readonly<Record<string, (body: Body) => Promise<Answer>>> = {
    async '/keys'({ alg }) {
      const algorithm = ALGORITHMS[alg as Algorithm];
      if (!algorithm) return { status: 400, json: { error: 'unknown alg' } };
      const { privateKey: key } = await algorithm.make();
      const jwk = createPublicKey(key).export({ format: 'jwk' }) as JWK;
      const kid = await calculateJwkThumbprint(jwk);
      writeFileSync(join(folder, `${alg}.${kid}.pem`), key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
      held.set(kid, { alg: alg as Algorithm, key });
      return { status: 201, json: { ...jwk, kid, alg } };
    },
    async '/sign'({ kid, input }) {
      const found = held.get(String(kid));
      if (!found || typeof input !== 'string') return { status: 404, json: { error: 'unknown kid' } };
      signatures += 1;
      return { status: 200, json: { signature: ALGORITHMS[found.alg].sign(Buffer.from(input, 'base64url'), found.key).toString('base64url') } };
    },
  };

  const server = createServer(async (request, response) => {
    const { status, json } = await answer(request).catch(() => ({ status: 400, json: { error: 'bad request' } }));
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
  });
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const body = await readJson(request);
    const path = request.method === 'POST' ? answers[request.url ?? ''] : undefined;
    if (!same(String(body.token), token)) return { status: 401, json: { error: 'token' } };
    return path ? path(body) : { status: 404, json: { error: 'no such call' } };
  };
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    signatures: () => signatures,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const LARGEST = 64 * 1024;

async function readJson(request: IncomingMessage): Promise<Body> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > LARGEST) throw new Error('too large');
  }
  return JSON.parse(text) as Body;
}

const same = (given: string, expected: string): boolean =>
  Buffer.byteLength(given) === Buffer.byteLength(expected) && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
