import * as oidc from 'openid-client';
import { type RunningApi, startApi } from '../api/app.ts';

export type Options = {
  readonly issuer: string;
  /** Secret of the client `pensions-api`. */
  readonly secret: string;
  /** 0 takes free ones. */
  readonly ports: { readonly pensions: number; readonly payments: number };
};

const PENSIONS = 'https://pensions.example/api';
const PAYMENTS = 'https://payments.example/api';
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/**
 * An API that needs a second one to answer. It never passes on the token it was given: that one is for itself alone. It exchanges it (RFC 8693) for
 * one that names the second API, the same person, and itself as the actor.
 */
export async function startChain({ issuer, secret, ports }: Options): Promise<{ readonly pensions: RunningApi; readonly payments: RunningApi }> {
  const configuration = await oidc.discovery(
    new URL(issuer),
    'pensions-api',
    undefined,
    oidc.ClientSecretBasic(secret),
    // Only for a loopback address: anywhere else discovery must be https.
    new URL(issuer).protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {},
  );
  const payments = await startApi({
    port: ports.payments,
    issuer,
    audience: PAYMENTS,
    calls: { '/payments': { scope: 'pensions.read', answer: (caller) => ({ synthetic: true, caller, payments: [{ year: 1403, month: 1, rials: 1000 }] }) } },
  });
  const pensions = await startApi({
    port: ports.pensions,
    issuer,
    audience: PENSIONS,
    calls: {
      '/payments': {
        scope: 'pensions.read',
        async answer(_caller, token) {
          const { access_token } = await oidc.genericGrantRequest(configuration, GRANT, {
            subject_token: token,
            subject_token_type: ACCESS_TOKEN,
            resource: PAYMENTS,
            scope: 'pensions.read',
          });
          const answer = await fetch(`${payments.url}/payments`, { headers: { Authorization: `Bearer ${access_token}` } });
          return (await answer.json()) as object;
        },
      },
    },
  });
  return { pensions, payments };
}
