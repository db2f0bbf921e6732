import { CITIZEN, conformanceSecrets, type KeyClient, type SecretClient } from './conformance.ts';

/** A command or a task of the suite's own browser (BrowserControl of the conformance suite); it runs no script of ours. */
type Command = readonly (string | number)[];
type Task = { readonly task: string; readonly match: string; readonly optional?: true; readonly commands: readonly Command[] };
type Visit = { readonly match: string; readonly 'match-limit'?: number; readonly tasks: readonly Task[] };

/** The page is the evidence that a person looks at. */
const SHOT: Command = ['wait', 'id', 'main', 10, '.*', 'update-image-placeholder'];
const SUBMISSION: Command = ['wait', 'id', 'submission_complete', 10];

const LOGOUT = 'oidcc-rp-initiated-logout';
const REFUSED_LOGOUTS = ['bad-post-logout-redirect-uri', 'modified-id-token-hint', 'query-added-to-post-logout-redirect-uri', 'bad-id-token-hint'] as const;
const SHOWN_LOGOUTS = ['no-id-token-hint', 'no-params', 'no-post-logout-redirect-uri', 'only-state'] as const;

/** What is pasted into the suite, by plan. It holds secrets of the conformance setting, and no others. */
export function suiteConfiguration(issuer: string, dataSecret: string): object {
  const { password, clients, keys } = conformanceSecrets(dataSecret);
  const secret = (id: SecretClient): object => ({ client_id: id, client_secret: clients[id] });
  const key = (id: KeyClient): object => ({
    client_id: id,
    scope: 'openid profile email phone national_id offline_access',
    jwks: { keys: [keys[id]] },
    dpop_signing_alg: 'ES256',
  });
  const server = { discoveryUrl: `${issuer}/.well-known/openid-configuration`, login_hint: CITIZEN.identifier.value };
  const visits = visitsOf(issuer, password);
  const common = { alias: 'profile', server, browser: [visits.signIn(), visits.signOut()] };
  const fapi = {
    ...common,
    resource: { resourceUrl: `${issuer}/me` },
    // The plan of Message Signing has its modules under the same names.
    override: { 'fapi2-security-profile-final-user-rejects-authentication': { browser: [visits.signIn({ consent: 'deny' })] } },
  };
  return {
    'oidcc-basic, oidcc-formpost-basic, oidcc-config, oidcc-rp-initiated-logout': {
      ...common,
      client: secret('conformance-1'),
      client2: secret('conformance-2'),
      client_secret_post: secret('conformance-post'),
      override: overrides(visits),
    },
    'oidcc-backchannel-rp-initiated-logout': { ...common, client: secret('conformance-backchannel'), client2: secret('conformance-2') },
    'fapi2-security-profile-final': { ...fapi, client: key('conformance-fapi-1'), client2: key('conformance-fapi-2') },
    'fapi2-message-signing-final': { ...fapi, client: key('conformance-ms-1'), client2: key('conformance-ms-2') },
  };
}

type Visits = ReturnType<typeof visitsOf>;

/** What the suite's browser does at our pages. */
function visitsOf(issuer: string, password: string) {
  const step = (task: string, name: string, ...commands: readonly Command[]): Task => ({
    task,
    optional: true,
    match: `${issuer}/interaction/*/${name}`,
    commands,
  });
  const arrive: Task = { task: 'arrive', match: '*/test/*/callback*', commands: [SUBMISSION] };
  return {
    signIn: ({ consent = 'allow', shot = false, once = false } = {}): Visit => ({
      match: `${issuer}/auth*`,
      ...(once ? { 'match-limit': 1 } : {}),
      tasks: [
        step(
          'sign in',
          'sign-in',
          ...(shot ? [SHOT] : []),
          ['text', 'id', 'identifier', CITIZEN.identifier.value],
          ['text', 'id', 'password', password],
          ['click', 'css', '.actions button'],
        ),
        step('code', 'sign-in-code', ['text', 'id', 'code', '123456'], ['click', 'css', '.actions button']),
        step('consent', 'consent', ['click', 'css', `button[value=${consent}]`]),
        arrive,
      ],
    }),
    errorPage: (path: '/auth' | '/session/end'): Visit => ({
      match: `${issuer}${path}*`,
      tasks: [{ task: 'error page', match: `${issuer}${path}*`, commands: [SHOT] }],
    }),
    signOut: (shot = false): Visit => ({
      match: `${issuer}/session/end*`,
      tasks: [
        { task: 'sign out', optional: true, match: `${issuer}/session/end*`, commands: [['click', 'css', 'button[name=logout]']] },
        shot
          ? { task: 'signed out', match: `${issuer}/session/end/*`, commands: [SHOT] }
          : { task: 'arrive', match: '*/test/*/post_logout_redirect*', commands: [SUBMISSION] },
      ],
    }),
  };
}

/** Modules that end on a page which a person reviews. */
function overrides({ signIn, signOut, errorPage }: Visits): object {
  const twice = { browser: [signIn({ once: true }), signIn({ shot: true })] };
  return {
    'oidcc-prompt-login': twice,
    'oidcc-max-age-1': twice,
    'oidcc-ensure-registered-redirect-uri': { browser: [errorPage('/auth')] },
    ...Object.fromEntries(REFUSED_LOGOUTS.map((name) => [`${LOGOUT}-${name}`, { browser: [signIn(), errorPage('/session/end')] }])),
    ...Object.fromEntries(SHOWN_LOGOUTS.map((name) => [`${LOGOUT}-${name}`, { browser: [signIn(), signOut(true)] }])),
  };
}
