import type { JWK } from 'jose';
import type { ExternalSigningKey } from 'oidc-provider';
import { changeOf, type Occasion, type Phase, phaseOf, successorDue } from '#src/identity/key-schedule.ts';
import type { Clock, KeyMoments, Keys, Signer } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { ALGORITHMS, createKeyMaterial, type OpenKey } from './key-material.ts';

export type KeyReport = KeyMoments & { readonly phase: Phase; readonly kept: OpenKey['kept'] };

export type SigningKeys = {
  /** All that is published, for each algorithm the key that signs now first: the protocol library signs with the first that fits. */
  served(): { keys: (JWK | ExternalSigningKey)[] };
  /** The public parts of the same, to verify with. */
  published(): { keys: JWK[] };
  /** Differs whenever `served` does. */
  order(): string;
  /** Reads the moments again and makes the keys that are due. Throws when a store or the signer does not answer; what is known stays in use. */
  refresh(): Promise<void>;
  /** Begins a rotation of every algorithm; the returned keys tell when it takes effect. Throws as `refresh` does. */
  rotate(occasion: Exclude<Occasion, 'schedule'>): Promise<readonly KeyReport[]>;
  list(): readonly KeyReport[];
};

type Parts = {
  readonly keys: Keys;
  readonly dataSecret: string;
  readonly now: Clock;
  readonly limits: Limits;
  readonly signer?: Signer | undefined;
  /** Begins the `kid` of new keys. */
  readonly prefix?: string;
};

/** The signing keys, made where there are none. Throws when the data secret does not open them, or the signer does not answer. */
export async function loadSigningKeys({ keys, dataSecret, now, limits, signer, prefix = '' }: Parts): Promise<SigningKeys> {
  const material = createKeyMaterial({ dataSecret, signer, prefix });
  const open = new Map<string, OpenKey>();
  let known: readonly KeyMoments[] = [];

  /** Opens what is new; `known` names only open keys. */
  async function learn(moments: readonly KeyMoments[]): Promise<void> {
    if (moments.some(({ kid }) => !open.has(kid))) for (const key of await keys.list()) if (!open.has(key.kid)) open.set(key.kid, material.open(key));
    known = moments.filter(({ kid }) => open.has(kid));
    for (const kid of open.keys()) if (!moments.some((key) => key.kid === kid)) open.delete(kid);
  }

  /** Keys are made before the lock: an RSA key takes a second. Whoever comes second finds the first one's keys and lets its own go. */
  async function change(occasion: Occasion): Promise<void> {
    const due = ALGORITHMS.filter((algorithm) => successorDue(known, algorithm, now(), limits, occasion) !== undefined);
    if (!due.length && !known.some((key) => phaseOf(key, now()) === 'gone')) return;
    const made = await Promise.all(due.map((algorithm) => material.make(algorithm)));
    await learn(await keys.change((stored) => changeOf(stored, made, now(), limits, occasion)));
  }

  const list = (): readonly KeyReport[] =>
    known.map((key) => ({ ...key, phase: phaseOf(key, now()), kept: open.get(key.kid)?.kept ?? 'here' })).sort((a, b) => rank(a) - rank(b));
  const visible = (): KeyReport[] => list().filter(({ phase }) => phase !== 'gone');
  const opened = (): OpenKey[] => visible().flatMap(({ kid }) => open.get(kid) ?? []);

  const signingKeys: SigningKeys = {
    served: () => ({ keys: opened().map(({ signs }) => signs) }),
    published: () => ({ keys: opened().map(({ publicJwk }) => publicJwk) }),
    order: () =>
      visible()
        .map(({ kid }) => kid)
        .join(' '),
    async refresh() {
      await learn(await keys.moments());
      await change('schedule');
    },
    async rotate(occasion) {
      await learn(await keys.moments());
      await change(occasion);
      return list();
    },
    list,
  };
  await signingKeys.refresh();
  return signingKeys;
}

/** By algorithm, in it the signing key first. A key that is not due yet signs rather than one that is retired, should there be no other. */
const PHASES: readonly Phase[] = ['current', 'next', 'retired', 'gone'];
function rank({ algorithm, phase }: KeyReport): number {
  const place = (ALGORITHMS as readonly string[]).indexOf(algorithm);
  return (place < 0 ? ALGORITHMS.length : place) * PHASES.length + PHASES.indexOf(phase);
}
