import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { Clients, Clock, DurableKind, DurableRecord, Ephemeral, Records } from '#src/identity/ports.ts';
import type { ReadAhead } from './read-ahead.ts';

/**
 * Two kinds of memory behind the protocol library's one interface: grants and refresh tokens are durable, the rest may be forgotten.
 *
 * The library awaits `consume` and ignores its result, so twenty redemptions of one code that arrive together would all succeed (measured).
 * Here `consume` has one winner; a loser throws invalid_grant and the grant ends, which kills the tokens of the winner too (RFC 9700 §4.14.2,
 * ASVS 10.4.2): somebody else holds that code.
 */
type Parts = {
  readonly ephemeral: Ephemeral;
  readonly records: Records;
  readonly clients: Pick<Clients, 'find'>;
  readonly readAhead: ReadAhead;
  /** Seconds that the longest-lived of the codes lives. */
  readonly codeLifetime: number;
  readonly now: Clock;
};

const DURABLE: ReadonlySet<string> = new Set<DurableKind>(['Grant', 'RefreshToken']);
const GROUPED: ReadonlySet<string> = new Set(['AuthorizationCode', 'AccessToken', 'DeviceCode']);
/** What is accepted once, and what the library must say to whoever comes second. */
const ONCE: Readonly<Record<string, () => Error>> = {
  AuthorizationCode: () => new errors.InvalidGrant('already used'),
  DeviceCode: () => new errors.InvalidGrant('already used'),
  PushedAuthorizationRequest: () => new errors.InvalidRequestUri('already used'),
};

export function createAdapter(parts: Parts): AdapterFactory {
  const clientAdapter = cachedClients(parts);
  return (name) => {
    if (name === 'Client') return clientAdapter;
    return DURABLE.has(name) ? durableAdapter(name as DurableKind, parts) : ephemeralAdapter(name, parts);
  };
}

/** The library gives a lifetime to every kind we keep; its type allows none. */
const FOREVER = 365 * 24 * 60 * 60;

/**
 * A code is kept this much longer than it lives; the library refuses it by its own `exp`. The doctor can say how late it came, and a device hears
 * expired_token (RFC 8628 §3.5) and not that its code never was.
 */
const CODE_GRACE = 300;
const GRACED: ReadonlySet<string> = new Set(['AuthorizationCode', 'DeviceCode']);

/** Where a code and the mark of its use are kept. The mark is never gone before the code; a pushed request lives a minute at most. */
export const codeKeys = (code: string) => ({ record: `AuthorizationCode:${code}`, used: `used:AuthorizationCode:${code}` });

const groupOf = (grantId: string): string => `grant:${grantId}`;

async function endGrant({ ephemeral, records }: Parts, grantId: unknown): Promise<void> {
  if (typeof grantId !== 'string') return;
  await Promise.all([records.removeGrant(grantId), ephemeral.dropGroup(groupOf(grantId))]);
}

function ephemeralAdapter(name: string, parts: Parts): Adapter {
  const { ephemeral } = parts;
  const key = (id: string): string => `${name}:${id}`;
  const used = (id: string): string => `used:${name}:${id}`;
  const byUid = (uid: string): string => `uid:${name}:${uid}`;
  const byUserCode = (userCode: string): string => `user-code:${userCode}`;
  const second = ONCE[name];

  const find = async (id: string): Promise<AdapterPayload | undefined> => {
    const [text, consumed] = second ? await ephemeral.getMany([key(id), used(id)]) : [await ephemeral.get(key(id))];
    if (!text) return undefined;
    const payload = JSON.parse(text) as AdapterPayload;
    // Whoever redeems a code or shows an access token is asked for its grant and account next.
    if ((second || name === 'AccessToken') && !consumed && payload.grantId && payload.accountId)
      await parts.readAhead.grant(payload.grantId, payload.accountId);
    return consumed ? { ...payload, consumed: Number(consumed) as unknown as true } : payload;
  };

  return {
    find,
    async findByUid(uid) {
      const text = await ephemeral.follow(byUid(uid), key(''));
      return text === undefined ? undefined : (JSON.parse(text) as AdapterPayload);
    },
    async findByUserCode(userCode) {
      const id = await ephemeral.get(byUserCode(userCode));
      return id ? find(id) : undefined;
    },
    async upsert(id, payload, expiresIn = FOREVER) {
      const group = GROUPED.has(name) && payload.grantId ? groupOf(payload.grantId) : undefined;
      await Promise.all([
        ephemeral.put(key(id), textOf(payload), GRACED.has(name) ? expiresIn + CODE_GRACE : expiresIn, group),
        name === 'Session' && payload.uid ? ephemeral.put(byUid(payload.uid), id, expiresIn) : undefined,
        payload.userCode ? ephemeral.put(byUserCode(payload.userCode), id, expiresIn) : undefined,
      ]);
    },
    async consume(id) {
      const at = String(Math.floor(parts.now() / 1000));
      if (await ephemeral.create(used(id), at, parts.codeLifetime + CODE_GRACE)) return;
      await endGrant(parts, (await find(id))?.grantId);
      throw second?.() ?? new errors.InvalidGrant('already used');
    },
    async destroy(id) {
      await ephemeral.drop([key(id)]);
    },
    async revokeByGrantId(grantId) {
      await ephemeral.dropGroup(groupOf(grantId));
    },
  };
}

function durableAdapter(kind: DurableKind, parts: Parts): Adapter {
  const { records, readAhead, now } = parts;
  const look = (id: string): Promise<DurableRecord | undefined> =>
    kind === 'RefreshToken' ? readAhead.refreshToken(id) : Promise.resolve(readAhead.take(id) ?? records.find(kind, id, now()));

  return {
    async find(id) {
      const record = await look(id);
      if (!record) return undefined;
      return { ...record.payload, ...(record.consumed === undefined ? {} : { consumed: record.consumed as unknown as true }) } as AdapterPayload;
    },
    async findByUid() {
      return undefined;
    },
    async findByUserCode() {
      return undefined;
    },
    async upsert(id, payload, expiresIn = FOREVER) {
      const record = {
        id,
        payload: payload as Record<string, unknown>,
        expiresAt: now() + expiresIn * 1000,
        ...(payload.accountId ? { subject: payload.accountId } : {}),
        ...(payload.clientId ? { clientId: payload.clientId } : {}),
        ...(kind === 'Grant' ? { grantId: id } : payload.grantId ? { grantId: payload.grantId } : {}),
      };
      const predecessor = kind === 'RefreshToken' ? readAhead.rotated() : undefined;
      if (predecessor === undefined) return records.put(kind, record);
      if (await records.rotate(predecessor, Math.floor(now() / 1000), record)) return;
      await endGrant(parts, record.grantId);
      throw new errors.InvalidGrant('already used');
    },
    /** Only refresh tokens are consumed, only to be replaced: `upsert` of the successor consumes this one in the same statement. */
    async consume(id) {
      readAhead.rotating(id);
    },
    async destroy(id) {
      await records.remove(kind, id);
    },
    async revokeByGrantId(grantId) {
      await endGrant(parts, grantId);
    },
  };
}

/** What a request brings passes here first (as pushed request, visit or code); a NUL would be an error only later, in a database that keeps none. */
function textOf(payload: AdapterPayload): string {
  const text = JSON.stringify(payload);
  if (text.includes('\\u0000')) throw new errors.InvalidRequest('a parameter holds a NUL character');
  return text;
}

/** A change of a client in the database acts after this long at most; without it every request would ask the database for the same row. */
const CLIENT_CACHE_MS = 2_000;
const CLIENT_CACHE_SIZE = 1_000;

function cachedClients({ clients, now }: Parts): Adapter {
  const known = new Map<string, { readonly payload: AdapterPayload | undefined; readonly until: number }>();
  const refuse = async (): Promise<never> => {
    throw new Error('clients are registered by administrators, not through the protocol');
  };
  return {
    async find(id) {
      const cached = known.get(id);
      if (cached && cached.until > now()) return cached.payload;
      const stored = await clients.find(id);
      const { secret_hash: secretHash, ...metadata } = stored?.metadata ?? {};
      const payload = stored ? ({ ...metadata, ...(secretHash ? { client_secret: secretHash } : {}) } as AdapterPayload) : undefined;
      if (known.size >= CLIENT_CACHE_SIZE) known.clear();
      known.set(id, { payload, until: now() + CLIENT_CACHE_MS });
      return payload;
    },
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: refuse,
    consume: refuse,
    destroy: refuse,
    revokeByGrantId: refuse,
  };
}
