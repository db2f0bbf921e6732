/**
 * What the domain asks of the outside, as types only. `stores/` and `connectors/` implement them;
 * one conformance suite a port runs on every driver.
 */

/** Milliseconds since 1970, UTC. */
export type Clock = () => number;

// ── People ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export type PersonKind = 'national' | 'foreign';

/** National code (10 digits) or FIDA code (12 digits), ASCII digits. Accounts are keyed by the pair. */
export type Identifier = { readonly kind: PersonKind; readonly value: string };

/** Identity as the registry confirmed it and the person typed it (names cleaned, not folded). */
export type Person = {
  readonly firstName: string;
  readonly lastName: string;
  readonly fatherName: string;
  /** ISO Gregorian date, YYYY-MM-DD. */
  readonly birthDate: string;
  readonly certificateNumber?: string;
  readonly gender?: 'male' | 'female';
  readonly nationality?: string;
  readonly documentType?: string;
  readonly documentNumber?: string;
  readonly firstNameLatin?: string;
  readonly lastNameLatin?: string;
};

export type Account = {
  readonly subject: string;
  readonly identifier: Identifier;
  /** E.164, +989xxxxxxxxx. */
  readonly mobile: string;
  readonly email?: string;
  readonly emailVerified: boolean;
  readonly person: Person;
  readonly passwordHash: string;
  readonly disabled: boolean;
  /** Milliseconds. A session signed in before this moment is over (password changed, recovered, signed out everywhere). */
  readonly sessionsFrom: number;
  readonly createdAt: number;
  readonly passwordChangedAt: number;
  readonly recoveredAt?: number;
};

export type NewAccount = Pick<Account, 'subject' | 'identifier' | 'mobile' | 'person' | 'passwordHash'> & {
  readonly email?: string;
  readonly disabled?: boolean;
};

/** A message owed to somebody: written in the same transaction as the fact that caused it, delivered at least once. */
export type OwedMessage = {
  /** Idempotency key; the same id is never queued twice. */
  readonly id: string;
  readonly to: string;
  readonly text: string;
};

export interface Accounts {
  find(subject: string): Promise<Account | undefined>;
  findByIdentifier(identifier: Identifier): Promise<Account | undefined>;
  /** False when the identifier already has an account; two presses in one millisecond make one account. */
  create(account: NewAccount, owed: readonly OwedMessage[], at: number): Promise<boolean>;
  /**
   * Stores a new password hash, ends every session and refresh token (`sessionsFrom = at`), and queues the messages and a `LogoutNotice` for every
   * relying party that wants one, in one transaction.
   * With `recovered`, remembers when (a changed mobile is refused for a while after).
   */
  setPassword(subject: string, passwordHash: string, change: { at: number; recovered: boolean }, owed: readonly OwedMessage[]): Promise<void>;
  /** Replaces the hash by one of the same password with newer parameters. Ends nothing. No-op when the hash has changed meanwhile. */
  rehash(subject: string, from: string, to: string): Promise<void>;
}

export interface Outbox {
  /** Takes up to `count` messages that are due, and hides them from others for `holdSeconds`. */
  claim(count: number, now: number, holdSeconds: number): Promise<readonly (OwedMessage & { readonly tries: number })[]>;
  sent(id: string, at: number): Promise<void>;
  /** Tries again at `retryAt` (milliseconds). */
  postpone(id: string, retryAt: number): Promise<void>;
  /** Queues a message that belongs to no other fact. */
  add(message: OwedMessage, at: number): Promise<void>;
}

/** Counts the whole system's SMS of a day where a restart of Redis cannot forget them. */
export interface Budget {
  /** Takes one from the day's budget; the count after it, or undefined (nothing taken) when the budget is used up. `day` is YYYY-MM-DD. */
  take(day: string, budget: number): Promise<number | undefined>;
}

/** People who asked for an SMS when the registry answers again. `sealed` is opaque. */
export interface Waiting {
  add(entry: { readonly id: string; readonly sealed: string; readonly at: number; readonly until: number }): Promise<void>;
  list(count: number, now: number): Promise<readonly { readonly id: string; readonly sealed: string }[]>;
  /** Removes the entry and queues the message in one transaction; false when another process was first. */
  settle(id: string, owed: OwedMessage | undefined, at: number): Promise<boolean>;
}

/** What a person allowed a third-party client; outlives sessions. */
export interface Consents {
  find(subject: string, clientId: string): Promise<readonly string[] | undefined>;
  /** Scopes are merged with those allowed before. */
  allow(subject: string, clientId: string, scopes: readonly string[], at: number): Promise<void>;
  withdraw(subject: string, clientId: string): Promise<void>;
}

// ── Protocol records that must survive a restart ───────────────────────────────────────────────────────────────────

export type DurableKind = 'Grant' | 'RefreshToken';

export type DurableRecord = {
  readonly id: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly subject?: string;
  readonly clientId?: string;
  readonly grantId?: string;
  /** Milliseconds. */
  readonly expiresAt: number;
  /** Seconds since 1970 (as the protocol library wants it), once consumed. */
  readonly consumed?: number;
};

/** What every use of a token needs beside the token: the grant it belongs to and the account whose it is. */
export type Backing = { readonly grant?: DurableRecord; readonly account?: Account };

export interface Records {
  find(kind: DurableKind, id: string, now: number): Promise<DurableRecord | undefined>;
  /** A grant and an account, in one round trip. */
  findGrant(grantId: string, subject: string, now: number): Promise<Backing>;
  /** A refresh token with its grant and its account, in one round trip. */
  findRefreshToken(id: string, now: number): Promise<Backing & { readonly token?: DurableRecord }>;
  put(kind: DurableKind, record: DurableRecord): Promise<void>;
  /**
   * Consumes a refresh token and stores its successor in one statement: no crash leaves a person with neither. False for all but one caller,
   * and then nothing is stored.
   */
  rotate(id: string, at: number, successor: DurableRecord): Promise<boolean>;
  remove(kind: DurableKind, id: string): Promise<void>;
  /** Removes the grant and every refresh token of it. */
  removeGrant(grantId: string): Promise<void>;
  /** Deletes what expired before `now`; returns how many. */
  sweep(now: number): Promise<number>;
}

/** `metadata` is OpenID Connect client metadata plus our own fields; a secret is stored only as `secret_hash`. */
export type StoredClient = { readonly clientId: string; readonly metadata: Readonly<Record<string, unknown>> };

export interface Clients {
  find(clientId: string): Promise<StoredClient | undefined>;
  /** Inserts what is not there yet; never overwrites. Returns how many were new. */
  seed(clients: readonly StoredClient[]): Promise<number>;
}

/** A registered API (resource server); `settings` are judged where they are read from a file or a form. */
export type StoredApi = { readonly identifier: string; readonly settings: Readonly<Record<string, unknown>> };

export interface Apis {
  find(identifier: string): Promise<StoredApi | undefined>;
  /** Inserts what is not there yet; never overwrites. Returns how many were new. */
  seed(apis: readonly StoredApi[]): Promise<number>;
}

/** A relying party that must be told that a session has ended. */
export type LogoutNotice = { readonly clientId: string; readonly subject: string; readonly sid: string };

export interface LogoutNotices {
  add(notice: LogoutNotice, at: number): Promise<void>;
  /** Takes up to `count` that are due and hides them from others for `holdSeconds`. `tries` counts this one. */
  claim(count: number, now: number, holdSeconds: number): Promise<readonly (LogoutNotice & { readonly id: string; readonly tries: number })[]>;
  postpone(id: string, retryAt: number): Promise<void>;
  settle(id: string): Promise<void>;
}

/** What is known of a signing key without its secret part; moments in milliseconds. */
export type KeyMoments = {
  readonly kid: string;
  readonly algorithm: string;
  /** Published from here on. */
  readonly createdAt: number;
  /** Signs from here on. */
  readonly signsFrom: number;
  /** Its successor signs from here on; absent while it has none. */
  readonly signsUntil?: number;
  /** Leaves the published key set; nothing that it signed is trusted any more. */
  readonly goneAt?: number;
};

/** `sealed` is opaque. */
export type StoredKey = KeyMoments & { readonly sealed: string };

/** Keys to store, keys whose moments change (named by `kid`), keys to forget for ever. */
export type KeyChange = { readonly add: readonly StoredKey[]; readonly move: readonly KeyMoments[]; readonly remove: readonly string[] };

export interface Keys {
  /** Oldest first, like every list here. */
  list(): Promise<readonly StoredKey[]>;
  /** The same without what is sealed: small enough to be asked for every minute. */
  moments(): Promise<readonly KeyMoments[]>;
  /**
   * `decide` sees all keys and its change is stored, in one transaction that only one process runs at a time. Returns the keys after it.
   * Throws what `decide` throws, and nothing is stored.
   */
  change(decide: (keys: readonly KeyMoments[]) => KeyChange): Promise<readonly KeyMoments[]>;
}

/** Where private keys are kept when it is not this process. Both throw when it does not answer as agreed. */
export interface Signer {
  /** A new key for this JWS algorithm; its public JWK. */
  make(algorithm: string): Promise<Readonly<Record<string, unknown>>>;
  /** The JWS signature (RFC 7518 §3) of `bytes` by the key with this `kid`. */
  sign(kid: string, bytes: Uint8Array): Promise<Uint8Array>;
}

/** Uses of one form of the old interface by one client on one day (YYYY-MM-DD, UTC); `lastAt` in milliseconds. */
export type LegacyUse = { readonly clientId: string; readonly form: string; readonly day: string; readonly count: number; readonly lastAt: number };

export interface LegacyUses {
  /** Adds to the counts of those days; one entry for one client, form and day. */
  add(uses: readonly LegacyUse[]): Promise<void>;
  /** Last use of each client and form, ever, and how many since that day. */
  since(day: string): Promise<readonly Omit<LegacyUse, 'day'>[]>;
  /** Clients that have terms for the old interface. */
  clients(): Promise<readonly StoredClient[]>;
  /** Those of them whose old sign-out may return to exactly this address. */
  clientsOfSignout(uri: string): Promise<readonly StoredClient[]>;
}

export type Durable = {
  readonly accounts: Accounts;
  readonly outbox: Outbox;
  readonly budget: Budget;
  readonly waiting: Waiting;
  readonly consents: Consents;
  readonly records: Records;
  readonly clients: Clients;
  readonly apis: Apis;
  readonly logoutNotices: LogoutNotices;
  readonly keys: Keys;
  readonly legacy: LegacyUses;
  /** Throws when the store does not answer. */
  ping(): Promise<void>;
  /** Number of SQL statements sent so far, for the benchmark. */
  roundTrips(): number;
  close(): Promise<void>;
};

// ── What may be forgotten ──────────────────────────────────────────────────────────────────────────────────────────

/** `resetIn` in seconds: when the count starts anew. */
export type Count = { readonly count: number; readonly resetIn: number };

/** Short-lived memory; every method is atomic, lifetimes in seconds, keys and values are strings. */
export interface Ephemeral {
  get(key: string): Promise<string | undefined>;
  /** In one round trip, in the order asked. */
  getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** The value of the key whose name is `prefix` and the value of `key`, in one round trip; undefined when either is missing. */
  follow(key: string, prefix: string): Promise<string | undefined>;
  /** With `group`, the key also joins the group, so that `dropGroup` ends all of it; the group lives at least as long as its longest key. */
  put(key: string, value: string, seconds: number, group?: string): Promise<void>;
  /** Stores only if absent; true for exactly one caller. */
  create(key: string, value: string, seconds: number): Promise<boolean>;
  /** Reads and deletes; exactly one caller gets the value. */
  take(key: string): Promise<string | undefined>;
  drop(keys: readonly string[]): Promise<void>;
  dropGroup(group: string): Promise<void>;
  /** Adds one and returns the count after it; the lifetime starts with the first and is not renewed. */
  count(key: string, seconds: number): Promise<Count>;
  /** The count without adding; `{ count: 0, resetIn: 0 }` when there is none. In one round trip, in the order asked. */
  counts(keys: readonly string[]): Promise<readonly Count[]>;
  /** Puts a value at the head of a list that keeps the newest `most`; the lifetime of the whole list begins anew. */
  append(key: string, value: string, most: number, seconds: number): Promise<void>;
  /** Newest first; empty when there is none. */
  list(key: string): Promise<readonly string[]>;
  ping(): Promise<void>;
  roundTrips(): number;
  close(): Promise<void>;
}

// ── The outside ────────────────────────────────────────────────────────────────────────────────────────────────────

/** How an outside system's answer is told apart. `unavailable` is never shown as `mismatch`. */
export type InquiryOutcome = 'match' | 'mismatch' | 'not-found' | 'invalid-input' | 'deceased' | 'needs-office' | 'unavailable';

export type Trace = { readonly providerCode?: string; readonly traceId?: string };

export type OwnershipQuestion = { readonly identifier: Identifier; readonly mobile: string; readonly documentType?: string; readonly documentNumber?: string };

/** Is this mobile registered to this person? ("Shahkar") Never throws. */
export interface MobileOwnership {
  match(question: OwnershipQuestion): Promise<{ readonly outcome: InquiryOutcome } & Trace>;
}

/** What the registry says of a person; the domain compares, the connector only translates. */
export type RegistryRecord = {
  readonly firstName: string;
  readonly lastName: string;
  readonly fatherName: string;
  /** ISO Gregorian. */
  readonly birthDate: string;
  readonly certificateNumber?: string;
  readonly certificateSeries?: string;
  readonly certificateSerial?: string;
  readonly gender?: 'male' | 'female';
  readonly nationality?: string;
  readonly firstNameLatin?: string;
  readonly lastNameLatin?: string;
  readonly documents?: readonly { readonly type: string; readonly number: string }[];
};

export type RegistryAnswer =
  | ({ readonly outcome: 'match'; readonly record: RegistryRecord } & Trace)
  | ({ readonly outcome: Exclude<InquiryOutcome, 'match' | 'mismatch'> } & Trace);

/** The civil registry (national code) and the register of foreign residents (FIDA code). Never throws. */
export interface IdentityRegistry {
  /** `birthDate` is ISO Gregorian; the connector writes it in the provider's calendar. */
  look(question: { readonly identifier: Identifier; readonly birthDate: string }): Promise<RegistryAnswer>;
}

/** `bad-number`: the person must correct it. `retry`: may succeed later. `operator`: key, credit, template; alarm. */
export type SmsOutcome = 'sent' | 'bad-number' | 'retry' | 'operator';

export type Sms = {
  /** E.164. */
  readonly to: string;
  readonly text: string;
  /** Idempotency key, given to the provider. */
  readonly id: string;
  /** Set for one-time codes: providers with templates want the bare code. */
  readonly code?: string;
};

/** Never throws. */
export interface SmsGateway {
  send(sms: Sms): Promise<{ readonly outcome: SmsOutcome } & Trace>;
}

export type Connectors = { readonly ownership: MobileOwnership; readonly registry: IdentityRegistry; readonly sms: SmsGateway };
