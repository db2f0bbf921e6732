// Who may import whom (docs/architecture.md). `npm run check` fails when a rule is broken, or when no module was inspected.
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const door = (name, packages, path) =>
  forbid(
    name,
    `${packages} is reached only through ${path}`,
    { path: '^src', pathNot: path },
    { path: `node_modules/(${packages})(/|$)`, dependencyTypesNot: ['type-only'] },
  );

module.exports = {
  forbidden: [
    forbid('no-cycles', 'a cycle means two modules are one', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    forbid('no-orphans', 'dead code', { orphan: true, pathNot: '\\.d\\.ts$|^src/browser/' }, {}),
    forbid(
      'identity-is-pure',
      'identity knows no HTTP, no protocol library, no driver',
      { path: '^src/identity' },
      { path: '^src/(?!identity|errors|limits)|node_modules/(koa|@koa|oidc-provider|pug|pg|ioredis|kysely)' },
    ),
    forbid(
      'steps-do-not-know-each-other',
      'next-step.ts alone decides what follows',
      { path: '^src/interaction/steps/(?!index)' },
      { path: '^src/interaction/steps/' },
    ),
    forbid(
      'http-is-a-kit',
      'http/ knows no feature',
      { path: '^src/http' },
      { path: '^src/(oidc|interaction|account|admin|legacy|identity|stores|connectors)' },
    ),
    forbid(
      'protocol-knows-no-page',
      'oidc/ asks for pages, it does not know them',
      { path: '^src/oidc' },
      { path: '^src/(interaction|account|admin|legacy|stores|connectors)' },
    ),
    forbid(
      'legacy-translates-only',
      'legacy/ turns old requests into standard ones; it meets the protocol in legacy-* of oidc/',
      { path: '^src/legacy' },
      { path: '^src/(oidc/(?!legacy-)|interaction|account|admin|stores|connectors)' },
    ),
    forbid(
      'nothing-needs-legacy',
      'the old interface can be deleted in one piece',
      { path: '^src', pathNot: '^src/(legacy/|app/|commands/legacy-report)' },
      { path: '^src/legacy' },
    ),
    forbid(
      'pages-know-the-bridge-only',
      'pages meet the protocol in bridge.ts',
      { path: '^src/(interaction|account)' },
      { path: '^src/(oidc/(?!bridge|clients)|stores|connectors)' },
    ),
    forbid(
      'admin-knows-bridge-and-doctor',
      'operators meet the protocol in bridge.ts and doctor.ts',
      { path: '^src/admin' },
      { path: '^src/(oidc/(?!bridge|clients|doctor)|interaction|account|stores|connectors)' },
    ),
    forbid('pages-do-not-know-each-other', 'interaction and account meet in app.ts', { path: '^src/account' }, { path: '^src/interaction' }),
    forbid(
      'drivers-serve-the-domain',
      'stores and connectors know the domain only',
      { path: '^src/(stores|connectors)' },
      { path: '^src/(oidc|interaction|account|admin|legacy|http|app|main|commands|config)' },
    ),
    forbid('stores-are-plugged-in', 'only commands see concrete stores', { path: '^src', pathNot: '^src/(stores|commands)/' }, { path: '^src/stores' }),
    forbid(
      'simulators-stay-outside',
      'only commands start simulators, in the embedded mode',
      { path: '^src', pathNot: '^src/(connectors/simulators|commands|sandbox)/' },
      { path: '^src/connectors/simulators' },
    ),
    forbid(
      'nothing-imports-the-top',
      'main calls commands, commands put app together',
      { path: '^src', pathNot: '^src/(main\\.ts|commands/)' },
      { path: '^src/((app|main|embedded|embedded-examples)\\.ts|commands/)' },
    ),
    forbid('app-has-one-door', 'the parts of app.ts are its own', { path: '^src', pathNot: '^src/app(\\.ts|/)' }, { path: '^src/app/' }),
    forbid('config-has-one-door', 'the parts of config.ts are its own', { path: '^src', pathNot: '^src/config(\\.ts|/)' }, { path: '^src/config/' }),
    forbid(
      'commands-do-not-know-each-other',
      'each command loads what it needs and no more',
      { path: '^src/commands/[^/]+\\.ts$' },
      { path: '^src/commands/(migrate|rotate-keys|legacy-report|conformance-settings|serve)\\.ts$' },
    ),
    forbid(
      'loaded-when-needed',
      'a start reads neither another command nor, in production, simulators, samples and sandbox: they cost time and memory',
      { path: '^src/(main\\.ts|commands/)' },
      {
        path: '^src/(commands/(migrate|rotate-keys|legacy-report|conformance-settings|serve)\\.ts|connectors/simulators/|sandbox/)|^examples/',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    ),
    forbid('sandbox-is-plugged-in', 'only commands open a sandbox', { path: '^src', pathNot: '^src/(sandbox/|commands/|main\\.ts)' }, { path: '^src/sandbox' }),
    forbid('src-not-to-test', 'production code never needs a test', { path: '^src' }, { path: '^(test|bench)' }),
    forbid(
      'no-dev-dependency-in-src',
      'production installs without them',
      { path: '^src' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
    door('argon2-in-one-place', '@node-rs/argon2', '^src/identity/password\\.ts'),
    door('calendar-in-one-place', 'jalaali-js', '^src/identity/birth-date'),
    door('drivers-in-one-place', 'pg|ioredis|kysely|@electric-sql', '^src/stores'),
    door('provider-in-one-place', 'oidc-provider', '^src/oidc'),
    door('pug-in-one-place', 'pug|i18next', '^src/http'),
    door('log-in-one-place', 'pino', '^src/http/log'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.mjs', '.json'] },
  },
};
