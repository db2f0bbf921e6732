import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { type AssertionFacts, type ClientRegistration, type Facts, SAFE_PARAMETERS, type SafeParameter } from './facts.ts';
import { maskedAddress } from './mask.ts';

type Client = InstanceType<Provider['Client']>;
type Params = Readonly<Record<string, unknown>>;
/** What is read of a request while it is answered; the rest is found out afterwards. */
export type RequestFacts = Omit<Facts, 'endpoint' | 'client' | 'code'> & { readonly clientId?: string; readonly codeSent?: string };

/** Reads a request of the protocol library. Never throws for what a relying party sent. `now` in milliseconds. */
export function readRequest(ctx: KoaContextWithOIDC, now: number): RequestFacts {
  const params = paramsOf(ctx);
  const assertion = assertionOf(params['client_assertion']);
  const clientId = clientIdOf(ctx, params);
  const code = textOf(params['code']);
  return {
    sent: Object.fromEntries(
      SAFE_PARAMETERS.flatMap((name): [SafeParameter, string][] => {
        const value = textOf(params[name]);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    names: new Set(Object.keys(params).filter((name) => params[name] !== undefined)),
    usedAuthMethod: methodOf(ctx, params),
    ...(assertion ? { assertion } : {}),
    ...(clientId === undefined ? {} : { clientId }),
    ...(code === undefined ? {} : { codeSent: code }),
    now: Math.floor(now / 1000),
  };
}

export function registrationOf(client: Client): ClientRegistration {
  const back = client['backchannelLogoutUri'];
  return {
    clientId: client.clientId,
    redirectUris: client.redirectUris ?? [],
    postLogoutRedirectUris: client.postLogoutRedirectUris ?? [],
    grantTypes: client.grantTypes ?? [],
    responseTypes: client.responseTypes ?? [],
    ...(client.scope ? { scopes: client.scope.split(' ') } : {}),
    authMethod: client.tokenEndpointAuthMethod ?? 'none',
    ...(client.jwksUri ? { jwksUri: client.jwksUri } : {}),
    native: client.applicationType === 'native',
    ...(typeof back === 'string' ? { backChannelUri: back } : {}),
  };
}

/** Which client it says it is; proven or not, only a registered one is kept. */
function clientIdOf(ctx: KoaContextWithOIDC, params: Params): string | undefined {
  const { client, entities } = ctx.oidc;
  const hint = (entities as { IdTokenHint?: { payload?: { aud?: unknown } } }).IdTokenHint?.payload?.aud;
  return (
    client?.clientId ??
    textOf(params['client_id']) ??
    basicName(ctx.get('Authorization')) ??
    textOf(payloadOf(params['client_assertion'])?.['sub']) ??
    textOf((entities as { AccessToken?: { clientId?: string } }).AccessToken?.clientId) ??
    textOf(hint)
  );
}

function paramsOf(ctx: KoaContextWithOIDC): Params {
  const { params, body } = ctx.oidc as { params?: Params; body?: Params };
  return params ?? body ?? (ctx.query as Params);
}

function methodOf(ctx: KoaContextWithOIDC, params: Params): string {
  if (/^basic /i.test(ctx.get('Authorization'))) return 'client_secret_basic';
  if (params['client_secret'] !== undefined) return 'client_secret_post';
  return params['client_assertion'] === undefined ? 'none' : 'private_key_jwt';
}

function basicName(header: string): string | undefined {
  const encoded = /^basic ([\w+/=-]+)$/i.exec(header)?.[1];
  const name = encoded && Buffer.from(encoded, 'base64').toString('utf8').split(':')[0];
  try {
    return name ? decodeURIComponent(name.replace(/\+/g, ' ')) : undefined;
  } catch {
    return undefined;
  }
}

function assertionOf(assertion: unknown): AssertionFacts | undefined {
  const payload = payloadOf(assertion);
  if (!payload) return undefined;
  const seconds = (['exp', 'iat', 'nbf'] as const).flatMap((claim) => (typeof payload[claim] === 'number' ? [[claim, payload[claim]] as const] : []));
  const audience = textOf(Array.isArray(payload['aud']) ? payload['aud'][0] : payload['aud']);
  return { ...Object.fromEntries(seconds), ...(audience === undefined ? {} : { audience: maskedAddress(audience) }) };
}

function payloadOf(jwt: unknown): Readonly<Record<string, unknown>> | undefined {
  const middle = typeof jwt === 'string' ? jwt.split('.')[1] : undefined;
  try {
    const payload = middle ? (JSON.parse(Buffer.from(middle, 'base64url').toString('utf8')) as unknown) : undefined;
    return payload && typeof payload === 'object' ? (payload as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
