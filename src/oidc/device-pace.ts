import { errors, type Provider } from 'oidc-provider';
import type { Ephemeral } from '#src/identity/ports.ts';
import { currentRequest } from './current-request.ts';

/** Seconds that a device waits between two polls, and by which each slow_down makes the wait longer (RFC 8628 §3.2, §3.5). */
const INTERVAL = 5;
/** Seconds by which a poll may come early: the network never brings two of them equally fast. */
const GRACE = 1;

type Parts = {
  readonly provider: Provider;
  readonly ephemeral: Pick<Ephemeral, 'create' | 'count' | 'counts'>;
  /** Seconds that a device code lives; nothing is remembered longer. */
  readonly lifetime: number;
};
type Code = { readonly jti: string; readonly clientId?: string; readonly accountId?: string; readonly error?: string; readonly isExpired: boolean };

/**
 * Holds devices to the pace that they were told (RFC 8628 §3.5); the library never says slow_down. Only while the person has not decided: a code that
 * was allowed or refused is never held back, so that it is redeemed once and not never.
 */
export function keepDevicePace({ provider, ephemeral, lifetime }: Parts): void {
  const { DeviceCode } = provider;
  const find = DeviceCode.find;

  Object.defineProperty(DeviceCode, 'find', {
    async value(this: typeof DeviceCode, ...asked: Parameters<typeof find>) {
      const code = await find.apply(this, asked);
      const { route, client } = currentRequest();
      const held = code as Code | undefined;
      if (held && route === 'token' && waits(held, client?.clientId) && (await tooFast(ephemeral, held.jti, lifetime))) throw new errors.SlowDown();
      return code;
    },
  });

  // §3.2: absent means five; said, because not every device knows that.
  provider.use(async (ctx, next) => {
    await next();
    const body = ctx.body as { device_code?: unknown } | undefined;
    if (ctx.path === '/device/auth' && ctx.status === 200 && body?.device_code) ctx.body = { ...body, interval: INTERVAL };
  });
}

/** Still undecided, and asked about by the client that it was given to. */
const waits = ({ clientId, accountId, error, isExpired }: Code, asking: string | undefined): boolean =>
  clientId === asking && !accountId && !error && !isExpired;

/** Whether this poll comes before its time; if so, every later one has to wait longer. */
async function tooFast(ephemeral: Parts['ephemeral'], jti: string, lifetime: number): Promise<boolean> {
  const slowed = `device-slowed:${jti}`;
  const [before] = await ephemeral.counts([slowed]);
  const wait = INTERVAL * (1 + (before?.count ?? 0)) - GRACE;
  if (await ephemeral.create(`device-polled:${jti}`, '1', Math.min(wait, lifetime))) return false;
  await ephemeral.count(slowed, lifetime);
  return true;
}
