/**
 * interaction/ is the pages between the authorization request and the redirect back: one router for all steps, one function that names the next
 * page, one file a step. It knows the protocol only through the bridge.
 */
import Router, { type RouterContext } from '@koa/router';
import type { Context } from 'koa';
import { ProfileError } from '#src/errors.ts';
import { readForm } from '#src/http/form.ts';
import { type Language, languageOf, type Texts } from '#src/http/locale.ts';
import type { Errors, Locals, Render } from '#src/http/page.ts';
import { seeOther } from '#src/http/redirect.ts';
import { acrOf, amrOf } from '#src/identity/assurance.ts';
import type { Bridge, Visit } from '#src/oidc/bridge.ts';
import type { Drafts } from './drafts.ts';
import type { KnownBrowsers } from './known-browsers.ts';
import { nextStep, type StepName } from './next-step.ts';
import { NOTHING, type Path, type Progress, withSignUp } from './progress.ts';
import type { Answer, AnyStep, Services, Turn } from './step.ts';
import { steps } from './steps/index.ts';

type Parts = {
  readonly bridge: Bridge;
  readonly services: Services;
  readonly render: Render;
  readonly texts: Texts;
  readonly language: Language;
  readonly drafts: Drafts;
  readonly knownBrowsers: KnownBrowsers;
};
type Found = NonNullable<Awaited<ReturnType<Bridge['find']>>>;

const PATHS: ReadonlySet<string> = new Set<Path>(['sign-in', 'sign-up', 'recover']);

/** Serves every step. The address bar never decides which one is next; a wrong one leads to the one that is due. */
export function interactionRouter(parts: Parts): Router {
  const router = new Router({ prefix: '/interaction' });

  router.get('/:uid/go/:path', async (ctx) => {
    const { found, turn } = await open(ctx, parts);
    if (!found || !turn) return;
    const path = ctx.params['path'] ?? '';
    if (!PATHS.has(path)) throw new ProfileError('not-found');
    await proceed(ctx, parts, found, switchPath(turn.progress, path as Path));
  });

  router.all('/:uid{/:step}', async (ctx) => {
    const { found, turn } = await open(ctx, parts);
    if (!found || !turn) return;
    const due = nextStep(turn.progress, turn.demand);
    if (due === 'finish') return proceed(ctx, parts, found, turn.progress);
    // A post meant for another page (stale tab, double press) changes nothing and lands where things stand.
    if (ctx.params['step'] !== due) return seeOther(ctx, address(found.visit, due));
    if (ctx.method === 'GET' || ctx.method === 'HEAD') return show(ctx, parts, found, turn, steps[due]);
    if (ctx.method === 'POST') return submit(ctx, parts, found, turn, steps[due]);
    throw new ProfileError('not-found');
  });

  return router;
}

const address = (visit: Visit, step: StepName): string => `/interaction/${visit.uid}/${step}`;

/** The visit and what this request knows; undefined when the browser was sent elsewhere. */
async function open(ctx: RouterContext, parts: Parts): Promise<{ found?: Found; turn?: Turn }> {
  const found = await parts.bridge.find(ctx);
  if (!found) {
    await startAgain(ctx, parts);
    return {};
  }
  if (await signedInElsewhere(ctx, parts, found.visit)) {
    await startAgain(ctx, parts);
    return {};
  }
  return { found, turn: await turnOf(ctx, parts, found.visit) };
}

/** When one tab signs in, the others go on: a visit that began signed out has nothing left to ask. */
async function signedInElsewhere(ctx: Context, { bridge }: Parts, visit: Visit): Promise<boolean> {
  const explicit = String(visit.params['prompt'] ?? '')
    .split(' ')
    .some((prompt) => prompt === 'login' || prompt === 'create' || prompt === 'select_account');
  if (visit.session || explicit || visit.demand.prompt !== 'login' || ctx.method !== 'GET') return false;
  return (await bridge.session(ctx)) !== undefined;
}

/** A dead visit starts again from its kept request; where even that is gone the page names a way on. */
async function startAgain(ctx: RouterContext, { bridge }: Parts): Promise<void> {
  const restart = await bridge.restart(ctx.params['uid'] ?? '');
  // Started again a moment ago, and the browser brings no cookie at all: it keeps none, and would go round for ever.
  if (restart && !(restart.again && !ctx.get('Cookie'))) return seeOther(ctx, restart.url);
  throw new ProfileError('expired', { detail: restart ? { clientId: restart.clientId, restart: restart.url } : {} });
}

async function turnOf(ctx: Context, parts: Parts, visit: Visit): Promise<Turn> {
  const language = languageOf(ctx, parts.language, visit.params['ui_locales']);
  const { services } = parts;
  const sealed = visit.progress ? services.seal.open(visit.progress, visit.uid) : undefined;
  const progress = sealed ? (JSON.parse(sealed) as Progress) : start(visit);
  const [client, draft] = await Promise.all([
    parts.bridge.client(visit.clientId),
    progress.path === 'sign-up' && !progress.signUp.kind ? parts.drafts.find(ctx) : undefined,
  ]);
  const hint = visit.params['login_hint'];
  return {
    ...services,
    progress,
    demand: visit.demand,
    uid: visit.uid,
    address: ctx.ip,
    language,
    t: parts.texts.translate(language),
    knows: (person) => parts.knownBrowsers.knows(ctx, person),
    api: parts.bridge.api,
    go: (path) => `/interaction/${visit.uid}/go/${path}`,
    ...(client ? { client } : {}),
    ...(draft ? { draft } : {}),
    ...(typeof hint === 'string' ? { loginHint: hint } : {}),
  };
}

/** What a visit begins with: the path that was asked for, and what the browser's session has shown, where that still counts. */
function start({ demand, params, session }: Visit): Progress {
  const hint = typeof params['login_hint'] === 'string' ? params['login_hint'].slice(0, 50) : undefined;
  const path: Path = demand.prompt === 'create' ? 'sign-up' : params['entrance'] === 'recover' ? 'recover' : 'sign-in';
  const typed = hint ? { 'sign-in': { identifier: hint }, recover: { identifier: hint } } : {};
  if (!session || demand.fresh) return { ...NOTHING, path, typed };
  return { ...NOTHING, path, typed, subject: session.subject, authentications: session.methods.map((method) => ({ method, at: 0 })) };
}

/** Sign-in, sign-up and recovery link to each other inside one visit; the code that was typed goes along. */
function switchPath(progress: Progress, path: Path): Progress {
  const known = progress.signUp.contact?.identifier.value ?? progress.typed['sign-in']?.['identifier'] ?? progress.typed['recover']?.['identifier'];
  const typed = known ? { ...progress.typed, 'sign-in': { identifier: known }, recover: { identifier: known } } : progress.typed;
  const { recovery: _, codeSent: __, notice: ___, ...rest } = progress;
  // Whoever goes on from a message window and returns comes back to the number, not to the window.
  const left = progress.signUp.notice ? withSignUp(progress, { notice: undefined, contact: undefined }).signUp : progress.signUp;
  return { ...rest, path, typed, signUp: left };
}

async function show(ctx: Context, parts: Parts, found: Found, turn: Turn, step: AnyStep): Promise<void> {
  const entered = await step.enter?.(turn);
  if (entered) await found.save(parts.services.seal.seal(JSON.stringify(entered), found.visit.uid));
  await page(ctx, parts, entered ? { ...turn, progress: entered } : turn, step, {});
}

async function submit(ctx: Context, parts: Parts, found: Found, turn: Turn, step: AnyStep): Promise<void> {
  const typed = await readForm(ctx, turn.limits.bodyBytes);
  const form = step.form.safeParse(typed);
  if (!form.success) throw new ProfileError('bad-request', { cause: form.error });
  const kept = keep(step, typed);
  const turnWithTyped: Turn = kept ? { ...turn, progress: { ...turn.progress, typed: { ...turn.progress.typed, [step.name]: kept } } } : turn;

  const act = typed['action'] ? step.actions?.[typed['action']] : undefined;
  if (typed['action'] && !act) throw new ProfileError('bad-request');
  const answer: Answer = await (act ?? step.submit)(turnWithTyped, form.data as never);

  if ('errors' in answer) {
    // Kept even now: whoever goes on to recovery or sign-up from here finds it there.
    if (kept) await found.save(parts.services.seal.seal(JSON.stringify(turnWithTyped.progress), found.visit.uid));
    ctx.status = 422;
    return page(ctx, parts, turnWithTyped, step, answer.errors);
  }
  await proceed(ctx, parts, found, answer.progress);
}

/** What was typed, without passwords and codes, so that the page can show it again. */
function keep(step: AnyStep, typed: Readonly<Record<string, string>>): Record<string, string> | undefined {
  return step.keep && Object.fromEntries(step.keep.map((field) => [field, (typed[field] ?? '').slice(0, 200)]));
}

async function page(ctx: Context, parts: Parts, turn: Turn, step: AnyStep, errors: Errors): Promise<void> {
  const data = (await step.show?.(turn)) ?? {};
  const locals: Locals = {
    data,
    errors,
    values: turn.progress.typed[step.name] ?? {},
    links: { signUp: turn.go('sign-up'), recover: turn.go('recover'), portal: '/' },
    uiLocales: turn.language,
    ...(turn.client ? { client: { name: turn.client.names[turn.language] ?? turn.client.id, firstParty: turn.client.firstParty } } : {}),
    ...(BAR[step.name] ? { bar: { step: BAR[step.name] ?? 1, total: BAR_TOTAL } } : {}),
  };
  await parts.render(ctx, `interaction/${step.name}`, locals);
}

/** «گام {step} از ۵»: the guide's five steps; a code, a window and a wait belong to the step they interrupt. */
const BAR: Readonly<Partial<Record<StepName, number>>> = {
  'sign-up-identifier': 1,
  'sign-up-code': 1,
  'sign-up-notice': 1,
  'sign-up-identity': 2,
  'sign-up-waiting': 2,
  'sign-up-email': 3,
  'sign-up-password': 4,
  'sign-up-review': 5,
};
const BAR_TOTAL = 5;

/** Keeps the progress and goes to the page that is due, or back to the relying party. */
async function proceed(ctx: Context, parts: Parts, found: Found, progress: Progress): Promise<void> {
  const { visit } = found;
  const due = nextStep(progress, visit.demand);
  if (due !== 'finish') {
    await Promise.all([
      found.save(parts.services.seal.seal(JSON.stringify(progress), visit.uid)),
      progress.path === 'sign-up' ? parts.drafts.keep(ctx, progress) : undefined,
    ]);
    return seeOther(ctx, address(visit, due));
  }
  seeOther(ctx, await finish(ctx, parts, found, progress));
}

async function finish(ctx: Context, { services, knownBrowsers, drafts }: Parts, found: Found, progress: Progress): Promise<string> {
  if (found.visit.demand.prompt === 'consent') return found.finish({ kind: progress.decision === 'allow' ? 'consented' : 'refused' });
  const account = await services.durable.accounts.find(progress.subject ?? '');
  if (!account || account.disabled) throw new ProfileError('expired');
  const methods = progress.authentications.map(({ method }) => method);
  knownBrowsers.remember(ctx, account.identifier);
  if (progress.path === 'sign-up') await drafts.drop(ctx);
  return found.finish({ kind: 'signed-in', subject: account.subject, amr: amrOf(methods), acr: acrOf(methods), sessionsFrom: account.sessionsFrom });
}
