import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import type { Clock } from '#src/identity/ports.ts';
import { LEGACY_RESOURCE } from './legacy-audience.ts';
import { permits, termsOf } from './legacy-terms.ts';

/**
 * `response_type=token` for the few clients whose terms name it. The library knows no such response type, and is not taught one: the request runs as a
 * code flow whose PKCE verifier was thrown away, in a response mode of our own. The code never leaves; an access token goes out in its place, in the
 * fragment. Discovery names neither.
 */
export const IMPLICIT_MODE = 'legacy_token';

export function openImplicit(provider: Provider, now: Clock): void {
  const allowed = provider.Client.prototype.responseModeAllowed;
  Object.defineProperty(provider.Client.prototype, 'responseModeAllowed', {
    value(this: InstanceType<Provider['Client']>, mode: string, ...rest: unknown[]): boolean {
      if (mode === IMPLICIT_MODE) return permits(termsOf(this), 'implicit', now());
      return (allowed as (...parts: unknown[]) => boolean).call(this, mode, ...rest);
    },
  });

  (provider as unknown as { registerResponseMode(name: string, answer: Answer): void }).registerResponseMode(
    IMPLICIT_MODE,
    async (ctx, redirectUri, payload) => {
      const answer = payload['code'] ? { ...withoutCode(payload), ...(await tokenInPlaceOfCode(ctx, provider, now)) } : payload;
      const url = new URL(redirectUri);
      url.hash = new URLSearchParams(answer).toString();
      ctx.status = 303;
      ctx.redirect(url.href);
    },
  );
}

type Answer = (ctx: KoaContextWithOIDC, redirectUri: string, payload: Record<string, string>) => Promise<void>;

const withoutCode = ({ code: _, ...rest }: Record<string, string>): Record<string, string> => rest;

async function tokenInPlaceOfCode(ctx: KoaContextWithOIDC, provider: Provider, now: Clock): Promise<Record<string, string>> {
  const { client, entities, resourceServers } = ctx.oidc;
  const code = entities.AuthorizationCode;
  const resourceServer = resourceServers?.[LEGACY_RESOURCE];
  await code?.destroy();
  // The permission may have ended while the person signed in.
  if (!client || !code?.accountId || !code.grantId || !resourceServer || !permits(termsOf(client), 'implicit', now()))
    throw new errors.InvalidRequest('requested response_mode is not allowed for this client or request');
  const token = new provider.AccessToken({
    accountId: code.accountId,
    client,
    grantId: code.grantId,
    gty: 'implicit',
    sessionUid: code.sessionUid,
    sid: code.sid,
    claims: undefined,
  } as unknown as ConstructorParameters<Provider['AccessToken']>[0]);
  Object.assign(token, { resourceServer });
  ctx.oidc.entity('AccessToken', token);
  return { access_token: await token.save(), token_type: 'Bearer', expires_in: String(token.expiration) };
}
