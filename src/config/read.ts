import { type Kind, SETTINGS, type Setting, type SettingName } from './settings.ts';

export type Env = Readonly<Record<string, string | undefined>>;
export type ReadFile = (path: string) => string;

/** What is set, or preset, and well formed; a setting that is neither is absent. */
export type Texts = Readonly<Partial<Record<SettingName, string>>>;

/** Every setting by itself. `problems`: one line for each that is missing, malformed or given twice. */
export function readSettings(env: Env, readFile: ReadFile, embedded: boolean): { readonly texts: Texts; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const texts: Partial<Record<SettingName, string>> = {};
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const row: Setting = SETTINGS[name];
    const given = readSetting(name, env, readFile, problems);
    if (given === undefined && row.need === 'production' && !embedded) problems.push(`${name}: missing; ${row.meaning}`);
    const value = given ?? row.preset;
    if (value === undefined) continue;
    const expected = value === '' ? undefined : EXPECTED[row.kind](value, row);
    if (expected) problems.push(`${name}: expected ${expected}${row.kind === 'secret' ? '' : `, not "${value}"`}`);
    else texts[name] = value;
  }
  return { texts, problems };
}

/** The parts of a comma list. */
export const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** What a text of this kind should have been; undefined when it is. */
const EXPECTED: Readonly<Record<Kind, (text: string, row: Setting) => string | undefined>> = {
  text: () => undefined,
  secret: () => undefined,
  url: (text) => (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? undefined : 'an http(s) address'),
  port: (text) => (/^\d{1,5}$/.test(text) && Number(text) < 65_536 ? undefined : 'a port number'),
  count: (text) => (/^\d{1,6}$/.test(text) ? undefined : 'a whole number'),
  flag: (text) => (/^(yes|no)$/.test(text) ? undefined : 'yes or no'),
  list: () => undefined,
  choice: (text, row) => (row.choices?.includes(text) ? undefined : `one of ${row.choices?.join(', ')}`),
};

/** NAME, or for a secret the file that NAME_FILE names. */
function readSetting(name: SettingName, env: Env, readFile: ReadFile, problems: string[]): string | undefined {
  const file = SETTINGS[name].kind === 'secret' ? env[`${name}_FILE`] : undefined;
  if (!file) return env[name] || undefined;
  if (env[name]) problems.push(`${name}: set either ${name} or ${name}_FILE, not both`);
  try {
    return readFile(file).trim() || undefined;
  } catch {
    problems.push(`${name}_FILE: cannot be read`);
    return undefined;
  }
}
