import type { Provider } from 'oidc-provider';
import { claimsOpenedBy, SCOPES } from './claims.ts';
import { currentRequest } from './current-request.ts';

type Asked = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
type Token = { readonly clientId?: string; scope?: string | undefined; claims?: Asked | undefined };

/** Scopes of OpenID Connect that a client is registered for: all, when its registration names none. */
export const registeredScopes = ({ scope }: { readonly scope?: string | undefined }): readonly string[] => scope?.split(' ') ?? SCOPES;

/**
 * A refresh token never gives more than its client is registered for today; the library only looks at what was allowed when the person signed in.
 * Scopes of APIs are judged where the API's token is made.
 */
export function keepWithinRegistration({ RefreshToken }: Provider): void {
  const find = RefreshToken.find;
  Object.defineProperty(RefreshToken, 'find', {
    async value(this: typeof RefreshToken, ...asked: Parameters<typeof find>) {
      const token = (await find.apply(this, asked)) as Token | undefined;
      const { client } = currentRequest();
      if (token && client && client.clientId === token.clientId) narrow(token, registeredScopes(client));
      return token;
    },
  });
}

function narrow(token: Token, registered: readonly string[]): void {
  const opened = claimsOpenedBy(registered);
  token.scope = token.scope
    ?.split(' ')
    .filter((scope) => !SCOPES.includes(scope) || registered.includes(scope))
    .join(' ');
  if (!token.claims) return;
  const kept = Object.entries(token.claims).map(([place, claims]) => [
    place,
    Object.fromEntries(Object.entries(claims ?? {}).filter(([name]) => opened.has(name))),
  ]);
  token.claims = Object.fromEntries(kept);
}
