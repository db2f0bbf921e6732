import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** How old a logout token may be, seconds. */
const LONGEST = 120;

export type Ended = { readonly sid?: string; readonly subject?: string };

/**
 * Verifies logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.6). Returns whose sessions end; throws when the token is not one, is not for this
 * client, is old, or was seen before.
 */
export function createLogoutTokenCheck({
  issuer,
  jwksUri,
  clientId,
}: {
  issuer: string;
  jwksUri: string;
  clientId: string;
}): (token: string) => Promise<Ended> {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const seen = new Map<string, number>();
  return async (token) => {
    // CHECK: signature, issuer, audience, age, and the type, so that no other token of Profile ends a session.
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: clientId,
      typ: 'logout+jwt',
      algorithms: ['ES256'],
      maxTokenAge: LONGEST,
      clockTolerance: 5,
      requiredClaims: ['iat', 'jti', 'events'],
    });
    assertLogout(payload);
    // CHECK: each token once.
    const now = Date.now();
    for (const [id, until] of seen) if (until < now) seen.delete(id);
    const jti = String(payload.jti);
    if (seen.has(jti)) throw new Error('seen before');
    seen.set(jti, now + 2 * LONGEST * 1000);
    return { ...(payload['sid'] ? { sid: String(payload['sid']) } : {}), ...(payload.sub ? { subject: payload.sub } : {}) };
  };
}

/** CHECK: it says that somebody signed out, says who, and is no ID token (those have a nonce). */
function assertLogout(payload: JWTPayload): void {
  const events = payload['events'];
  if (typeof events !== 'object' || events === null || typeof (events as Record<string, unknown>)[EVENT] !== 'object') throw new Error('not a sign-out');
  if ('nonce' in payload) throw new Error('an ID token');
  if (!payload.sub && !payload['sid']) throw new Error('nobody is named');
}
