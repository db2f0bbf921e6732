import type { KoaContextWithOIDC } from 'oidc-provider';
import { stampLegacyToken } from './legacy-audience.ts';
import type { TokenExchange } from './token-exchange.ts';

/** RFC 9068 §2.2.1: how the person was authenticated, from what the token was issued for. */
function authenticationOf(ctx: KoaContextWithOIDC): Record<string, unknown> | undefined {
  const { AuthorizationCode: code, RefreshToken: refresh, DeviceCode: device } = (ctx?.oidc?.entities ?? {}) as Record<string, Source | undefined>;
  const source = code ?? refresh ?? device;
  return source && { auth_time: source.authTime, acr: source.acr, amr: source.amr };
}
type Source = { readonly authTime?: number; readonly acr?: string; readonly amr?: readonly string[] };

const actorClaim = (act: object | undefined): object => (act ? { act } : {});

/** `extraTokenClaims` of the library: the authentication, who acts for the person, and what marks every token of this server. */
export const extraClaims =
  (exchange: () => TokenExchange, mark: object = {}) =>
  (ctx: KoaContextWithOIDC, token: object): Record<string, unknown> => ({ ...authenticationOf(ctx), ...actorClaim(exchange().actorOf(token)), ...mark });

type Payload = Record<string, unknown> & { readonly iat: number; readonly exp: number; readonly aud: string };

/** `formats.customizers.jwt` of the library: the last look at a signed token before it is signed. */
export const beforeSigning =
  (exchange: () => TokenExchange) =>
  async (ctx: KoaContextWithOIDC, token: object, jwt: { payload: Payload }): Promise<void> => {
    stampLegacyToken(ctx, token, jwt);
    const { iat, exp, aud } = jwt.payload;
    await exchange().remember(token as never, { iat, exp, aud });
  };
