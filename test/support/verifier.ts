import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose';

export type Verifier = {
  /** Throws when no key of the key set, as it is cached, verifies the token. */
  verify(token: string): Promise<void>;
  /** How often the key set was fetched. */
  fetched(): number;
};

/**
 * A relying party at its strictest: it reads the key set of `origin` again only when Cache-Control lets it, also when it meets a key that it does
 * not know. `ask` fetches a path of that server.
 */
export function cachingVerifier(origin: string, ask: (path: string) => Promise<Response> = (path) => fetch(origin + path)): Verifier {
  let keys: readonly JWK[] = [];
  let fresh = 0;
  let fetches = 0;
  let fetching: Promise<void> | undefined;
  const imported = new Map<string, Awaited<ReturnType<typeof importJWK>>>();

  async function fetchKeys(): Promise<void> {
    const response = await ask('/jwks');
    const age = /^public, max-age=(\d+)$/.exec(response.headers.get('cache-control') ?? '')?.[1];
    if (!age) throw new Error(`no lifetime in ${response.headers.get('cache-control')}`);
    ({ keys } = (await response.json()) as { keys: JWK[] });
    fresh = Date.now() + Number(age) * 1000;
    fetches += 1;
  }

  return {
    fetched: () => fetches,
    async verify(token) {
      if (Date.now() >= fresh) {
        fetching ??= fetchKeys().finally(() => {
          fetching = undefined;
        });
        await fetching;
      }
      const { kid = '', alg = '' } = decodeProtectedHeader(token);
      const jwk = keys.find((key) => key.kid === kid && key.alg === alg);
      if (!jwk) throw new Error(`${alg} ${kid} is not in the key set of ${origin}`);
      const key = imported.get(kid) ?? (await importJWK(jwk, alg));
      imported.set(kid, key);
      await compactVerify(token, key, { algorithms: [alg] });
    },
  };
}
