/** Errors that an integrator orders for a client of the sandbox: the next N answers of an endpoint. */

export const FAILURE_KINDS = {
  authorize: ['server_error', 'temporarily_unavailable', 'slow'],
  token: ['server_error', 'temporarily_unavailable', 'invalid_grant', 'slow', 'wrong_signature'],
  userinfo: ['server_error', 'temporarily_unavailable', 'slow'],
  jwks: ['server_error', 'temporarily_unavailable', 'slow'],
} as const;
export type FailureEndpoint = keyof typeof FAILURE_KINDS;
export type FailureKind = (typeof FAILURE_KINDS)[FailureEndpoint][number];
/** `client` is empty for jwks, which nobody in particular fetches. `left`: how many more answers. */
export type Failure = { readonly client: string; readonly endpoint: FailureEndpoint; readonly kind: FailureKind; readonly left: number };
type Order = Readonly<Record<string, unknown>>;
export type OrderField = 'client' | 'endpoint' | 'kind' | 'count';
export type Failures = ReturnType<typeof createFailures>;

/** Of one order. */
export const MOST_FAILURES = 1_000;
const SLOW_MS = 5_000;

/** `known`: the clients of this server. `slowMs`: how long `slow` takes. */
export function createFailures(known: readonly string[], slowMs = SLOW_MS) {
  let ordered: readonly Failure[] = [];
  /** Empty for an order that is understood. */
  const mistakesIn = ({ client, endpoint, kind, count }: Order): readonly OrderField[] => {
    const kinds: readonly string[] | undefined = FAILURE_KINDS[endpoint as FailureEndpoint];
    const times = Number(count);
    const right: Readonly<Record<OrderField, boolean>> = {
      client: endpoint === 'jwks' || known.includes(String(client ?? '')),
      endpoint: kinds !== undefined,
      kind: kinds === undefined || kinds.includes(String(kind)),
      count: Number.isInteger(times) && times >= 1 && times <= MOST_FAILURES,
    };
    return (Object.keys(right) as OrderField[]).filter((name) => !right[name]);
  };
  return {
    slowMs,
    mistakesIn,
    /** False when the order is not understood, and then nothing changes. */
    order(wanted: Order): boolean {
      if (mistakesIn(wanted).length) return false;
      const { client, endpoint, kind, count } = wanted;
      const whose = endpoint === 'jwks' ? '' : String(client);
      ordered = [...ordered, { client: whose, endpoint: endpoint as FailureEndpoint, kind: kind as FailureKind, left: Number(count) }];
      return true;
    },
    take(endpoint: FailureEndpoint, client = ''): FailureKind | undefined {
      const next = ordered.find((one) => one.endpoint === endpoint && (endpoint === 'jwks' || one.client === client));
      if (!next) return undefined;
      ordered = ordered.flatMap((one) => (one !== next ? [one] : one.left > 1 ? [{ ...one, left: one.left - 1 }] : []));
      return next.kind;
    },
    list: (): readonly Failure[] => ordered,
    clear(): void {
      ordered = [];
    },
  };
}
