import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';
import type { Acr } from '#src/identity/assurance.ts';
import type { Account, Clock, Ephemeral } from '#src/identity/ports.ts';
import type { Seal } from '#src/identity/seal.ts';
import type { Limits } from '#src/limits.ts';
import type { ApiLookup } from './apis.ts';
import { type ClientFacts, PORTAL } from './clients.ts';
import { apiScope } from './grant.ts';
import { sessionLifetime } from './lifetimes.ts';
import { demandedAcr, methodsOf, sessionStands } from './policy.ts';

/** One visit to our pages for one authorization request, as the pages see it. */
export type Visit = {
  readonly uid: string;
  readonly clientId: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** What the protocol asks of the pages. */
  readonly demand: Demand;
  /** What the browser's session has shown before this visit. */
  readonly session?: { readonly subject: string; readonly methods: readonly ('pwd' | 'sms')[] };
  /** Sealed; opened by the pages. */
  readonly progress?: string;
};

export type Demand = {
  readonly prompt: 'login' | 'create' | 'select_account' | 'consent';
  readonly acr: Acr;
  /** The session does not count: prompt=login, max_age passed, another person asked for, session over. */
  readonly fresh: boolean;
  /** Consent only: the scopes that were not allowed yet, or all asked ones when prompt=consent. */
  readonly scopes: readonly string[];
};

export type Outcome =
  | { readonly kind: 'signed-in'; readonly subject: string; readonly amr: readonly string[]; readonly acr: Acr; readonly sessionsFrom: number }
  | { readonly kind: 'consented' }
  | { readonly kind: 'refused' };

export type SignedIn = { readonly subject: string; readonly loginAt: number; readonly uid: string };

/** Everything the pages may do with the protocol library; nothing else of it leaves this folder. */
export type Bridge = ReturnType<typeof createBridge>;

type Parts = {
  readonly provider: Provider;
  readonly ephemeral: Ephemeral;
  readonly now: Clock;
  readonly limits: Limits;
  readonly seal: Seal;
  readonly api: ApiLookup;
};
type SavedRequest = { readonly clientId: string; readonly params: Record<string, unknown> };

const requestKey = (uid: string): string => `request:${uid}`;

/** Reasons of the login prompt for which what the session has shown still counts. */
const STEP_UP = new Set(['acr', 'essential_acr', 'essential_acrs']);

export function createBridge({ provider, ephemeral, now, limits, seal, api }: Parts) {
  type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

  const load = async (ctx: Context): Promise<Interaction | undefined> => {
    const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch((error: Error) => {
      if (error.name === 'SessionNotFound') return undefined;
      throw error;
    });
    return interaction?.uid === ctx['params']['uid'] ? interaction : undefined;
  };

  const remaining = (interaction: Interaction): number => Math.max(1, interaction.exp - Math.floor(now() / 1000));

  return {
    /** Undefined when the interaction is over, unknown, or not this browser's. */
    async find(ctx: Context): Promise<{ visit: Visit; save(progress: string): Promise<void>; finish(outcome: Outcome): Promise<string> } | undefined> {
      const interaction = await load(ctx);
      if (!interaction) return undefined;
      return {
        visit: visitOf(interaction, await provider.Client.find(String(interaction.params['client_id']))),
        async save(progress) {
          interaction.result = { progress };
          await interaction.save(remaining(interaction));
        },
        /** Returns the address that goes on with the authorization request. */
        async finish(outcome) {
          if (outcome.kind === 'signed-in') await leaveOtherAccount(ctx, interaction, outcome.subject);
          interaction.result =
            outcome.kind === 'refused'
              ? { error: 'access_denied', error_description: 'the person did not allow it' }
              : { ...interaction.lastSubmission, ...resultOf(outcome, now) };
          await interaction.save(remaining(interaction));
          return interaction.returnTo;
        },
      };
    },

    /** The name by which our pages call the relying party. */
    async client(clientId: string): Promise<ClientFacts | undefined> {
      if (clientId === PORTAL) return undefined;
      const client = await provider.Client.find(clientId);
      if (!client) return undefined;
      return {
        id: clientId,
        names: (client['names'] as Record<string, string> | undefined) ?? { fa: client.clientName ?? clientId, en: client.clientName ?? clientId },
        firstParty: client['first_party'] === true,
        ...(typeof client['start_url'] === 'string' ? { startUrl: client['start_url'] } : {}),
      };
    },

    /** A registered API as the consent page names it. */
    api,

    /** Keeps the request for a day, so that a visit that died can start again (RP's state and PKCE challenge are in it). */
    async keepRequest(uid: string, params: Record<string, unknown>): Promise<void> {
      // A client that must push or sign its requests has to start again itself; the page names its start address.
      const client = await provider.Client.find(String(params['client_id']));
      if (client?.['requirePushedAuthorizationRequests'] || client?.['requireSignedRequestObject']) return;
      const saved: SavedRequest = { clientId: String(params['client_id']), params };
      await ephemeral.put(requestKey(uid), seal.seal(JSON.stringify(saved), uid), limits.requestLifetime);
    },

    /** The kept request and the address that starts it again; `again` when it has started again only just now. */
    async restart(uid: string): Promise<{ url: string; clientId: string; again: boolean } | undefined> {
      const sealed = await ephemeral.get(requestKey(uid));
      const text = sealed ? seal.open(sealed, uid) : undefined;
      if (!text) return undefined;
      const { clientId, params } = JSON.parse(text) as SavedRequest;
      const seconds = Math.floor(now() / 1000);
      const query = new URLSearchParams(
        Object.entries({ ...params, again: seconds }).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])),
      );
      return { url: `/auth?${query}`, clientId, again: seconds - Number(params['again'] ?? 0) < LOOP_SECONDS };
    },

    /** Who is signed in in this browser; the session's own end is checked, the account's is not. */
    async session(ctx: Context): Promise<SignedIn | undefined> {
      if (!ctx.cookies.get(provider.cookieName('session'), { signed: true })) return undefined;
      const session = await provider.Session.get(ctx as never);
      return session.accountId ? { subject: session.accountId, loginAt: (session.loginTs ?? 0) * 1000, uid: session.uid } : undefined;
    },

    /** Renews the idle end, or gives the session a new identifier and a new sign-in time (after a change of password here). */
    async renewSession(ctx: Context, signedInAt?: number): Promise<void> {
      const session = await provider.Session.get(ctx as never);
      if (!session.accountId) return;
      if (signedInAt !== undefined) {
        session.resetIdentifier();
        session.loginTs = Math.ceil(signedInAt / 1000);
        session.authorizations = {};
      }
      const seconds = sessionLifetime(session, limits, now);
      ctx.cookies.set(provider.cookieName('session'), session.jti, {
        httpOnly: true,
        sameSite: 'lax',
        signed: true,
        overwrite: true,
        path: '/',
        expires: new Date(now() + seconds * 1000),
      });
      await session.save(seconds);
    },

    sessionStands: (account: Account | undefined, session: SignedIn): boolean => sessionStands(account, session.loginAt / 1000),

    /** Ends the browser's session and every grant given in it. */
    async endSession(ctx: Context): Promise<void> {
      const session = await provider.Session.get(ctx as never);
      await endSession(session);
      ctx.cookies.set(provider.cookieName('session'), null, { httpOnly: true, signed: true, overwrite: true, path: '/' });
    },
  };

  async function endSession(session: InstanceType<Provider['Session']>): Promise<void> {
    const grants = Object.values(session.authorizations ?? {}).flatMap(({ grantId }) => (grantId ? [grantId] : []));
    const clients = Object.keys(session.authorizations ?? {});
    const subject = session.accountId;
    if (subject) await Promise.all(clients.map((clientId) => tellSignedOut(clientId, subject, String(session.sidFor(clientId)))));
    await Promise.all(grants.flatMap((grantId) => [provider.RefreshToken.revokeByGrantId(grantId), provider.AccessToken.revokeByGrantId(grantId)]));
    await session.destroy();
  }

  /** Queued (back-channel.ts): nobody waits for a relying party. */
  async function tellSignedOut(clientId: string, subject: string, sid: string): Promise<void> {
    const client = await provider.Client.find(clientId);
    if (client?.['backchannelLogoutUri'])
      await (client as unknown as { backchannelLogout(subject: string, sid: string): Promise<void> }).backchannelLogout(subject, sid);
  }

  /** Another person signs in in a browser that one is signed in in: the first session ends, with its grants. Nothing of it reaches the second. */
  async function leaveOtherAccount(ctx: Context, interaction: Interaction, subject: string): Promise<void> {
    if (!interaction.session?.accountId || interaction.session.accountId === subject) return;
    await endSession(await provider.Session.get(ctx as never));
    (interaction as { session?: unknown }).session = undefined;
  }
}

/** A request that starts again within this long of the last time has met a browser that keeps no cookie. */
const LOOP_SECONDS = 20;

function visitOf(interaction: VisitedInteraction, client: { readonly [field: string]: unknown } | undefined): Visit {
  const { uid, params, prompt, session } = interaction;
  const fresh = prompt.name === 'login' ? prompt.reasons.some((reason) => !STEP_UP.has(reason)) : prompt.name !== 'consent';
  const progress = (interaction.result as { progress?: string } | undefined)?.progress;
  return {
    uid,
    params,
    clientId: String(params['client_id']),
    demand: { prompt: prompt.name as Demand['prompt'], acr: demandedAcr(params, client) ?? 'urn:profile:1', fresh, scopes: scopesOf(prompt.details, params) },
    ...(session ? { session: { subject: session.accountId, methods: methodsOf(session.amr) } } : {}),
    ...(progress ? { progress } : {}),
  };
}

/** What the consent page asks for: what was not allowed yet, or everything when the request wants the page itself. */
function scopesOf(details: Readonly<Record<string, unknown>>, params: Readonly<Record<string, unknown>>): readonly string[] {
  const ofApis = Object.entries((details['missingResourceScopes'] as Record<string, string[]> | undefined) ?? {});
  const missing = [
    ...((details['missingOIDCScope'] as string[] | undefined) ?? []),
    ...ofApis.flatMap(([resource, scopes]) => scopes.map((scope) => apiScope(resource, scope))),
  ];
  return missing.length ? missing : String(params['scope'] ?? '').split(' ');
}

type VisitedInteraction = {
  uid: string;
  params: Record<string, unknown>;
  prompt: { name: string; reasons: string[]; details: Record<string, unknown> };
  session?: { accountId: string; amr?: string[] | undefined } | undefined;
  result?: unknown;
};

function resultOf(outcome: Extract<Outcome, { kind: 'signed-in' | 'consented' }>, now: Clock): Record<string, object> {
  if (outcome.kind === 'consented') return { consent: {} };
  const { subject, amr, acr, sessionsFrom } = outcome;
  // A sign-in in the same second as the change that ended all sessions must not be taken for one of those.
  const ts = Math.max(Math.floor(now() / 1000), Math.ceil(sessionsFrom / 1000));
  return { login: { accountId: subject, amr: [...amr], acr, ts }, create: {}, select_account: {} };
}
