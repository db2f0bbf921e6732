import type { Config } from '#src/config.ts';
import { CITIZEN } from '#src/conformance.ts';
import type { Settings } from '../settings.ts';

/** What a person at the terminal reads when the server listens. `password`: of the sandbox's people. */
export const readyText = (settings: Settings, milliseconds: number, password = ''): string =>
  [
    ...(settings.config.conformance
      ? [`Conformance setting: clients of the certification suite, and the test person ${CITIZEN.identifier.value}. Not for production.`]
      : []),
    ...(settings.config.mode === 'production'
      ? [`Profile is ready at ${settings.config.issuer} (${Math.round(milliseconds)} ms)`]
      : embeddedLines(settings.config, sandboxLines(settings, password))),
  ].join('\n');

const embeddedLines = (config: Config, more: readonly string[]): readonly string[] => [
  '',
  `  Profile            ${config.issuer}`,
  `  sample e-service   http://localhost:${config.eservicePort}`,
  `  simulators         http://localhost:${config.simulatorsPort}   SMS inbox: /sms   people: /people   registry: /registry`,
  ...more,
  '',
  `  ${config.sandbox ? 'Sandbox' : 'Embedded mode'}, not for production: one process, data in ${config.dataDir}/, everything outside is simulated.`,
  '',
];

function sandboxLines({ config, secrets, sandbox }: Settings, password: string): readonly string[] {
  if (!secrets || !sandbox) return [];
  return [
    `  clock, errors      http://localhost:${config.simulatorsPort}/clock   /failures`,
    ...(sandbox.redirectUris.length ? ['  client id          sandbox', `  client secret      ${secrets.sandbox}`] : []),
    ...sandbox.redirectUris.map((uri) => `  redirect URI       ${uri}`),
    ...sandbox.clients.map(({ clientId }) => `  your client        ${clientId}`),
    `  password           ${password}   of the people at /people who have an account`,
  ];
}
