import { readFileSync } from 'node:fs';
import { errors } from 'oidc-provider';
import { z } from 'zod';
import type { Apis, Clock, StoredApi } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';

/** Registered APIs (RFC 8707): their tokens are JWTs of RFC 9068 unless the API would rather introspect. */
const apiFile = z.array(
  z
    .object({
      identifier: z.url(),
      names: z.object({ fa: z.string().min(1), en: z.string().min(1) }),
      /** Scope → what it allows, as the consent page says it. */
      scopes: z.record(z.string(), z.object({ fa: z.string().min(1), en: z.string().min(1) })),
      format: z.enum(['jwt', 'opaque']).default('jwt'),
      signing_alg: z.enum(['RS256', 'PS256', 'ES256', 'EdDSA']).default('ES256'),
      /** Seconds. */
      access_token_lifetime: z.number().int().positive().optional(),
    })
    .strict(),
);

/** APIs of a JSON file in config/. Throws with every problem named. */
export function readApis(path: string): readonly StoredApi[] {
  const parsed = apiFile.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.map(({ identifier, ...rest }) => ({ identifier, settings: rest }));
}

export type Api = {
  readonly identifier: string;
  readonly names: Readonly<Record<string, string>>;
  readonly scopes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly format: 'jwt' | 'opaque';
  readonly signing_alg: 'RS256' | 'PS256' | 'ES256' | 'EdDSA';
  readonly access_token_lifetime?: number;
};

/** The registered API of this identifier; undefined when there is none. */
export type ApiLookup = (identifier: string) => Promise<Api | undefined>;

const CACHE_MS = 2_000;

/** APIs by identifier, asked of the store once in two seconds at most. */
export function createApiLookup(apis: Apis, now: Clock): ApiLookup {
  const known = new Map<string, { readonly api: Api | undefined; readonly until: number }>();
  return async (identifier) => {
    const cached = known.get(identifier);
    if (cached && cached.until > now()) return cached.api;
    const stored = await apis.find(identifier);
    const api = stored ? ({ identifier, ...stored.settings } as Api) : undefined;
    if (known.size > 1_000) known.clear();
    known.set(identifier, { api, until: now() + CACHE_MS });
    return api;
  };
}

type ClientOfApis = { readonly clientId: string; readonly [field: string]: unknown };

/** What the protocol library must know of an API for this client. Throws invalid_target when the client is not registered for it. */
export async function resourceServerInfo(api: Api | undefined, client: ClientOfApis, limits: Limits) {
  const allowed = (client['resources'] as Record<string, string[]> | undefined)?.[api?.identifier ?? ''];
  if (!api || !allowed) throw new errors.InvalidTarget('the client is not registered for this resource');
  const lifetimes = [limits.accessTokenLifetime, api.access_token_lifetime, client['access_token_lifetime'] as number | undefined];
  return {
    scope: Object.keys(api.scopes)
      .filter((scope) => allowed.includes(scope))
      .join(' '),
    audience: api.identifier,
    accessTokenTTL: Math.min(...lifetimes.filter((seconds) => seconds !== undefined)),
    accessTokenFormat: api.format,
    ...(api.format === 'jwt' ? { jwt: { sign: { alg: api.signing_alg } } } : {}),
  };
}
