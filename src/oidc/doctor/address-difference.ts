import { maskedAddress } from './mask.ts';

/** How an address that was sent differs from one that is registered; addresses are compared letter by letter (RFC 9700 §2.1). */
export type Difference = 'slash' | 'case' | 'query' | 'fragment' | 'scheme' | 'port' | 'host' | 'path' | 'unreadable' | 'none-registered' | 'several';
export type AddressDifference = { readonly difference: Difference; readonly registered: string; readonly sent: string };

/** What is wrong more often weighs less, so that the nearest registered address is the one that is compared. */
const WEIGHT: Readonly<Record<string, number>> = { slash: 1, case: 1, query: 2, fragment: 2, scheme: 3, port: 3, host: 6, path: 7 };

/** `registered` is never empty of meaning: it is the nearest one, as registered. Undefined when `sent` is registered. */
export function addressDifference(registered: readonly string[], sent: string): AddressDifference | undefined {
  if (registered.includes(sent)) return undefined;
  if (!registered.length) return { difference: 'none-registered', registered: '', sent: maskedAddress(sent) };
  if (!URL.canParse(sent)) return { difference: 'unreadable', registered: registered[0] ?? '', sent: maskedAddress(sent) };
  const [nearest] = registered
    .map((address) => ({ address, differences: differences(address, sent) }))
    .sort((a, b) => weigh(a.differences) - weigh(b.differences));
  const [only, more] = nearest?.differences ?? [];
  return { difference: more === undefined ? (only ?? 'case') : 'several', registered: nearest?.address ?? '', sent: maskedAddress(sent) };
}

const weigh = (found: readonly Difference[]): number => found.reduce((sum, one) => sum + (WEIGHT[one] ?? 0), 0);

function differences(registered: string, sent: string): readonly Difference[] {
  if (!URL.canParse(registered)) return ['path'];
  if (registered.toLowerCase() === sent.toLowerCase()) return ['case'];
  const [ours, theirs] = [new URL(registered), new URL(sent)];
  const path = pathDifference(ours.pathname, theirs.pathname) ?? slashAfterHost(registered, sent);
  return [
    ...(ours.protocol === theirs.protocol ? [] : ['scheme' as const]),
    ...(ours.hostname === theirs.hostname ? [] : ['host' as const]),
    // Another scheme has another port by itself; only a port that was written counts then.
    ...(ours.port === theirs.port ? [] : ['port' as const]),
    ...(path ? [path] : []),
    ...(ours.search === theirs.search ? [] : ['query' as const]),
    ...(ours.hash === theirs.hash && sent.includes('#') === registered.includes('#') ? [] : ['fragment' as const]),
  ];
}

function pathDifference(registered: string, sent: string): Difference | undefined {
  if (registered === sent) return undefined;
  if (registered.replace(/\/+$/, '') === sent.replace(/\/+$/, '')) return 'slash';
  return registered.toLowerCase() === sent.toLowerCase() ? 'case' : 'path';
}

/** `https://a` and `https://a/` are one address for a browser, and two for the comparison. */
const slashAfterHost = (registered: string, sent: string): Difference | undefined =>
  registered.replace(/\/$/, '') === sent.replace(/\/$/, '') && registered !== sent ? 'slash' : undefined;
