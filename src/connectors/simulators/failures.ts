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
export type Failures = ReturnType<typeof createFailures>;

const MOST = 1_000;
const SLOW_MS = 5_000;

/** `known`: the clients of this server. `slowMs`: how long `slow` takes. */
export function createFailures(known: readonly string[], slowMs = SLOW_MS) {
  let ordered: readonly Failure[] = [];
  return {
    slowMs,
    /** False when the order is not understood, and then nothing changes. */
    order({ client, endpoint, kind, count }: Readonly<Record<string, unknown>>): boolean {
      const times = Number(count);
      const kinds: readonly string[] = FAILURE_KINDS[endpoint as FailureEndpoint] ?? [];
      const whose = endpoint === 'jwks' ? '' : String(client ?? '');
      if (!kinds.includes(String(kind)) || !Number.isInteger(times) || times < 1 || times > MOST) return false;
      if (endpoint !== 'jwks' && !known.includes(whose)) return false;
      ordered = [...ordered, { client: whose, endpoint: endpoint as FailureEndpoint, kind: kind as FailureKind, left: times }];
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
