import { type KoaContextWithOIDC, Provider } from 'oidc-provider';

/** What the library knows of the request that is being answered, for places to which it passes no context; empty outside of one. */
export const currentRequest = (): Partial<KoaContextWithOIDC['oidc']> => (Provider.ctx as Partial<KoaContextWithOIDC> | undefined)?.oidc ?? {};
