import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, createRemoteJWKSet, EmbeddedJWK, errors, type JWTPayload, jwtVerify } from 'jose';

/**
 * What an API must check of an access token of Profile: RFC 9068 §4 for the token, RFC 9449 §4.3 and §7 for a token that is bound to a key (DPoP).
 * Copy this file; nothing in it knows a framework. Every check that must not be left out is marked CHECK.
 */
export type Trusted = {
  readonly issuer: string;
  /** `jwks_uri` of the discovery document. */
  readonly jwksUri: string;
  /** Identifier of this API as it is registered at Profile. */
  readonly audience: string;
  /** Public origin of this API, as its callers write it; proofs name it. */
  readonly url: string;
};
export type Call = { readonly method: string; readonly path: string; readonly authorization: string; readonly proof: string };
export type Caller = { readonly subject: string; readonly clientId: string; readonly scopes: readonly string[]; readonly acr?: string; readonly act?: unknown };

/** An answer of RFC 6750 §3 or RFC 9449 §7.1. `challenge` is the value of WWW-Authenticate. */
export class Refusal extends Error {
  readonly status: 400 | 401 | 403;
  readonly challenge: string;
  constructor(status: 400 | 401 | 403, challenge: string) {
    super(challenge);
    this.status = status;
    this.challenge = challenge;
  }
}

const TOKEN_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const PROOF_ALGORITHMS = ['ES256', 'PS256', 'EdDSA'];
/** How old a proof may be, and how far two clocks may lie apart; seconds. */
const PROOF_AGE = 60;
const CLOCK_SKEW = 5;

const challenge = (scheme: 'Bearer' | 'DPoP', error?: string, scope?: string): string =>
  [
    scheme,
    [
      ...(error ? [`error="${error}"`] : []),
      ...(scope ? [`scope="${scope}"`] : []),
      ...(scheme === 'DPoP' ? [`algs="${PROOF_ALGORITHMS.join(' ')}"`] : []),
    ].join(', '),
  ]
    .join(' ')
    .trim();

/** Returns the function that checks one call; it throws Refusal. Keys are fetched when they are needed and kept; a new key is found by itself. */
export function createAccessTokenCheck({ issuer, jwksUri, audience, url }: Trusted): (call: Call, scope: string) => Promise<Caller> {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const seen = createSeenOnce();

  return async ({ method, path, authorization, proof }, scope) => {
    const [, scheme = '', token = ''] = /^(Bearer|DPoP) +(\S+)$/i.exec(authorization) ?? [];
    // No token: say what is wanted, without an error code (RFC 6750 §3.1).
    if (!token) throw new Refusal(401, `${challenge('Bearer')}, ${challenge('DPoP')}`);
    const bound = scheme.toLowerCase() === 'dpop';
    const refused = (error: string): Refusal => new Refusal(401, challenge(bound ? 'DPoP' : 'Bearer', error));

    // CHECK: signature by Profile's keys, issuer, audience, lifetime, and the type, so that an ID token is never taken for an access token.
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      typ: 'at+jwt',
      algorithms: TOKEN_ALGORITHMS,
      clockTolerance: CLOCK_SKEW,
      requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
    }).catch((error: unknown) => {
      // Profile that cannot be reached is no fault of the token.
      throw error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) ? refused('invalid_token') : error;
    });

    // CHECK: a bound token never works without its proof, a plain one not under the scheme DPoP, and a binding that is not understood not at all.
    const binding = (payload as { cnf?: Readonly<Record<string, unknown>> }).cnf;
    if (bound !== (binding !== undefined) || (binding && typeof binding['jkt'] !== 'string')) throw refused('invalid_token');
    if (binding) {
      const valid = await proofStands(proof, { method, address: `${url}${path}`, token, thumbprint: String(binding['jkt']), seen });
      if (!valid) throw refused('invalid_dpop_proof');
    }

    // CHECK: the scope of this very call.
    const scopes = String(payload['scope'] ?? '').split(' ');
    if (!scopes.includes(scope)) throw new Refusal(403, challenge(bound ? 'DPoP' : 'Bearer', 'insufficient_scope', scope));
    return callerOf(payload, scopes);
  };
}

type Expected = {
  readonly method: string;
  readonly address: string;
  readonly token: string;
  readonly thumbprint: string;
  readonly seen: (id: string) => boolean;
};

/** RFC 9449 §4.3: the proof is of this call, of this token, fresh, by the key the token is bound to, and was never seen before. */
async function proofStands(proof: string, { method, address, token, thumbprint, seen }: Expected): Promise<boolean> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: PROOF_ALGORITHMS,
      maxTokenAge: PROOF_AGE,
      clockTolerance: CLOCK_SKEW,
      requiredClaims: ['jti', 'htm', 'htu', 'ath'],
    });
    const { htm, htu, ath, jti } = payload as Readonly<Record<string, unknown>>;
    return (
      htm === method &&
      withoutQuery(String(htu)) === withoutQuery(address) &&
      ath === createHash('sha256').update(token).digest('base64url') &&
      (await calculateJwkThumbprint(protectedHeader.jwk ?? {})) === thumbprint &&
      !seen(`${thumbprint}.${String(jti)}`)
    );
  } catch {
    return false;
  }
}

const withoutQuery = (address: string): string => {
  const { origin, pathname } = new URL(address);
  return origin + pathname;
};

/** Proofs of the last minutes. With more than one process this belongs in a store they share. */
function createSeenOnce(): (id: string) => boolean {
  const until = new Map<string, number>();
  return (id) => {
    const now = Date.now();
    for (const [old, end] of until) {
      if (end > now) break;
      until.delete(old);
    }
    if (until.has(id)) return true;
    until.set(id, now + (PROOF_AGE + 2 * CLOCK_SKEW) * 1000);
    return false;
  };
}

/** In a token without a person (client credentials), `sub` is the client itself (RFC 9068 §2.2). */
const callerOf = (payload: JWTPayload, scopes: readonly string[]): Caller => ({
  subject: String(payload.sub),
  clientId: String(payload['client_id']),
  scopes,
  ...(payload['acr'] ? { acr: String(payload['acr']) } : {}),
  ...(payload['act'] ? { act: payload['act'] } : {}),
});
