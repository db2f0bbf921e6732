import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Account, Clock, Ephemeral } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { codeKeys } from './adapter.ts';
import { SCOPES } from './claims.ts';
import { PORTAL } from './clients.ts';
import { type Checklist, goLiveChecklist, type SeenName, unusableChecklist } from './doctor/checklist.ts';
import { type CodeFacts, type Endpoint, errorFacts } from './doctor/facts.ts';
import { explain, type Finding, registrationFinding, remarks } from './doctor/findings.ts';
import { previewToken, type TokenPreview } from './doctor/preview.ts';
import { type RequestFacts, readRequest, registrationOf } from './doctor/read-context.ts';
import { createSightings } from './doctor/sightings.ts';
import { shorter } from './lifetimes.ts';
import { pairwiseSubject, sectorOf } from './pairwise.ts';

/** A finding as it is kept: at (milliseconds), where, what; no word of a person, no code, token, secret, state or nonce. */
export type Entry = Finding & { readonly at: number; readonly endpoint: Endpoint };

/** Tells integrators what was wrong with their requests. It listens to the protocol library and writes after the answer; it neither slows nor fails one. */
export type Doctor = {
  /** Newest first; undefined for a client that is not registered. */
  findings(clientId: string): Promise<readonly Entry[] | undefined>;
  checklist(clientId: string): Promise<Checklist | undefined>;
  preview(clientId: string, question: { account: Account; scopes: readonly string[]; resource?: string }): Promise<TokenPreview | undefined>;
  /** Whether a relying party took a notice of a sign-out. Never throws. */
  toldSignOut(clientId: string, ok: boolean): Promise<void>;
  /** Resolves when everything that was seen is written. */
  settled(): Promise<void>;
};

type Parts = {
  readonly provider: Provider;
  readonly ephemeral: Ephemeral;
  readonly now: Clock;
  readonly limits: Limits;
  readonly pairwiseSecret: string;
  readonly onError: (error: unknown) => void;
};
type Client = InstanceType<Provider['Client']>;
/** A client that is stored, but that the library refuses; `unusable` says why. */
type Unusable = { readonly unusable: string };
const isUnusable = (client: Client | Unusable): client is Unusable => 'unusable' in client;

/** The library's error events and the endpoint each is of. */
const FAILURES: Readonly<Record<string, Endpoint>> = {
  'authorization.error': 'authorization',
  'grant.error': 'token',
  'pushed_authorization_request.error': 'par',
  'introspection.error': 'introspection',
  'revocation.error': 'revocation',
  'userinfo.error': 'userinfo',
  'end_session.error': 'logout',
};
/** `server_error` comes of every endpoint; the library's name of the route tells which. */
const ROUTES: Readonly<Record<string, Endpoint>> = {
  authorization: 'authorization',
  resume: 'authorization',
  token: 'token',
  pushed_authorization_request: 'par',
  introspection: 'introspection',
  revocation: 'revocation',
  userinfo: 'userinfo',
  end_session: 'logout',
};
/** A warning is kept once in this long for a client, so that warnings never push the failures out. */
const ONCE_SECONDS = 24 * 60 * 60;

export function createDoctor({ provider, ephemeral, now, limits, pairwiseSecret, onError }: Parts): Doctor {
  const sightings = createSightings({ ephemeral, now, seconds: limits.doctorLifetime });
  const pending = new Set<Promise<void>>();
  const warned = new Set<string>();

  /** Runs `work` when the answer has left, whatever became of it. */
  const afterAnswer = (ctx: KoaContextWithOIDC, work: () => Promise<void>): void => {
    const gone = new Promise<void>((resolve) => (ctx.res.closed ? resolve() : ctx.res.once('close', resolve)));
    const job: Promise<void> = gone
      .then(work)
      .catch(onError)
      .finally(() => pending.delete(job));
    pending.add(job);
  };
  /** Listens without ever throwing into the library. */
  const listen = (event: string, hear: (ctx: KoaContextWithOIDC, more: unknown) => void): void => {
    (provider as unknown as { on(name: string, hear: (ctx: KoaContextWithOIDC, more: unknown) => void): void }).on(event, (ctx, more) => {
      try {
        hear(ctx, more);
      } catch (error) {
        onError(error);
      }
    });
  };
  const known = async (clientId: string | undefined): Promise<Client | Unusable | undefined> => {
    if (clientId === undefined || clientId === PORTAL) return undefined;
    try {
      return await provider.Client.find(clientId);
    } catch (error) {
      const { error: name, error_description: description } = error as { error?: string; error_description?: string };
      if (name !== 'invalid_client_metadata') throw error;
      return { unusable: String(description) };
    }
  };

  const keep = async (clientId: string, endpoint: Endpoint, finding: Finding, at: number): Promise<void> => {
    if (finding.level !== 'error' && !(await firstToday(clientId, finding.code))) return;
    const entry: Entry = { at, endpoint, ...finding };
    await ephemeral.append(listKey(clientId), JSON.stringify(entry), limits.doctorEntries, limits.doctorLifetime);
  };
  const firstToday = async (clientId: string, code: string): Promise<boolean> => {
    const key = `doctor:once:${Math.floor(now() / 1000 / ONCE_SECONDS)}:${code}:${clientId}`;
    if (warned.has(key)) return false;
    if (warned.size > MOST_WARNED) warned.clear();
    warned.add(key);
    return ephemeral.create(key, '1', ONCE_SECONDS);
  };

  const fail = (endpoint: Endpoint, ctx: KoaContextWithOIDC, thrown: unknown): void => {
    const at = now();
    const request = readRequest(ctx, at);
    const error = errorFacts(thrown);
    afterAnswer(ctx, async () => {
      const client = await known(request.clientId);
      if (!client || isUnusable(client)) return;
      const code = endpoint === 'token' ? await codeFacts(request) : undefined;
      const finding = explain(error, { ...request, endpoint, client: registrationOf(client), ...(code ? { code } : {}) });
      await keep(client.clientId, endpoint, finding, at);
    });
  };
  /** Codes are kept a little longer than they live, so that a late one can be told from one that never was. */
  const codeFacts = async ({ codeSent, now: seconds, clientId }: RequestFacts): Promise<CodeFacts | undefined> => {
    if (!codeSent) return undefined;
    const { record, used } = codeKeys(codeSent);
    const [text, mark] = await ephemeral.getMany([record, used]);
    const code = text ? (JSON.parse(text) as { exp?: number; redirectUri?: string; clientId?: string }) : undefined;
    // Of another client's code nothing is told.
    if (code && code.clientId !== clientId) return undefined;
    return {
      used: mark !== undefined,
      ...(code?.exp !== undefined && code.exp <= seconds ? { expiredSeconds: Math.max(1, seconds - code.exp) } : {}),
      ...(code?.redirectUri ? { redirectUri: code.redirectUri } : {}),
    };
  };

  const see = (ctx: KoaContextWithOIDC, client: Client | undefined, sights: { readonly [name in SeenName]?: boolean }): void => {
    if (client && client.clientId !== PORTAL) afterAnswer(ctx, () => sightings.note(client.clientId, sights));
  };

  for (const [event, endpoint] of Object.entries(FAILURES)) listen(event, (ctx, error) => fail(endpoint, ctx, error));
  listen('server_error', (ctx, error) => {
    const endpoint = ROUTES[ctx.oidc?.route ?? ''];
    if (endpoint) fail(endpoint, ctx, error);
  });
  listen('authorization.success', (ctx) => {
    const { client } = ctx.oidc;
    if (!client || client.clientId === PORTAL) return;
    const at = now();
    const request = readRequest(ctx, at);
    see(ctx, client, {
      state: request.names.has('state'),
      nonce: request.names.has('nonce'),
      pkce: request.names.has('code_challenge'),
      'exact-redirect': (client.redirectUris ?? []).includes(request.sent.redirect_uri ?? ''),
    });
    afterAnswer(ctx, async () => {
      for (const finding of remarks(request, SCOPES)) await keep(client.clientId, 'authorization', finding, at);
    });
  });
  listen('grant.success', (ctx) => {
    const rotated = ctx.oidc.params?.['grant_type'] === 'refresh_token' && 'RotatedRefreshToken' in ctx.oidc.entities;
    see(ctx, ctx.oidc.client, { success: true, ...(rotated ? { 'refresh-rotation': true } : {}) });
  });
  listen('end_session.success', (ctx) => see(ctx, ctx.oidc.client, { logout: true }));

  return {
    async findings(clientId) {
      const client = await known(clientId);
      if (!client) return undefined;
      if (isUnusable(client)) return [{ at: now(), endpoint: 'registration', ...registrationFinding(client.unusable) }];
      return (await ephemeral.list(listKey(clientId))).map((text) => JSON.parse(text) as Entry);
    },
    async checklist(clientId) {
      const client = await known(clientId);
      if (client && isUnusable(client)) return unusableChecklist(client.unusable);
      return client && goLiveChecklist(registrationOf(client), await sightings.of(clientId));
    },
    async preview(clientId, { account, scopes, resource }) {
      const client = await known(clientId);
      if (!client || isUnusable(client)) return undefined;
      const { scopes: registered, grantTypes } = registrationOf(client);
      const sector = client.subjectType === 'pairwise' ? sectorOf(client) : undefined;
      return previewToken(
        {
          client: { clientId, grantTypes, ...(sector === undefined ? {} : { sector }), ...(registered ? { scopes: registered } : {}) },
          account,
          scopes,
          ...(resource === undefined ? {} : { resource }),
        },
        {
          issuer: provider.issuer,
          idTokenLifetime: shorter(limits.idTokenLifetime, client['id_token_lifetime']),
          pairwise: (host, subject) => pairwiseSubject(pairwiseSecret, host, subject),
          now,
        },
      );
    },
    toldSignOut: (clientId, ok) => sightings.note(clientId, { 'back-channel': ok }).catch(onError),
    async settled() {
      await Promise.all(pending);
    },
  };
}

const MOST_WARNED = 20_000;
const listKey = (clientId: string): string => `doctor:findings:${clientId}`;
