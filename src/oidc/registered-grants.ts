import { errors, type Provider } from 'oidc-provider';
import { currentRequest } from './current-request.ts';

type GrantClient = { grantTypeAllowed(type: string): boolean };

/** Where a client asks for a grant by its type; elsewhere the library asks only what it may do by itself. */
const ASKED: Readonly<Record<string, (params: Readonly<Record<string, unknown>>, type: string) => boolean>> = {
  token: ({ grant_type: asked }, type) => asked === type,
  device_authorization: () => true,
};

/** A grant type that the client is not registered for is `unauthorized_client` (RFC 6749 §5.2); the library says `invalid_request`. */
export function refuseUnregisteredGrants({ Client }: Provider): void {
  const prototype = Client.prototype as unknown as GrantClient;
  const { grantTypeAllowed } = prototype;
  Object.defineProperty(prototype, 'grantTypeAllowed', {
    value(this: GrantClient, type: string) {
      const allowed = grantTypeAllowed.call(this, type);
      const { route = '', params = {} } = currentRequest();
      if (!allowed && ASKED[route]?.(params, type)) throw new errors.UnauthorizedClient('requested grant type is not allowed for this client');
      return allowed;
    },
  });
}
