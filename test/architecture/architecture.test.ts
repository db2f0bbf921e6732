import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { settingsTable } from '#src/config.ts';
import { STEP_NAMES } from '#src/interaction/next-step.ts';
import { limitsTable } from '#src/limits.ts';

const read = (path: string): string => readFileSync(path, 'utf8');
const sources = globSync('src/**/*.ts').filter((path) => !path.startsWith('src/browser'));
type Texts = { readonly [key: string]: string | Texts };
const flatten = (texts: Texts, prefix = ''): [string, string][] =>
  Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flatten(value, `${prefix}${key}.`),
  );
const [fa, en] = ['fa', 'en'].map((language) => new Map(flatten(JSON.parse(read(`locales/${language}.json`)) as Texts))) as [
  Map<string, string>,
  Map<string, string>,
];

test('a step is the same stem in four places', () => {
  const files = globSync('src/interaction/steps/*.ts')
    .map((path) => basename(path, '.ts'))
    .filter((name) => name !== 'index');
  assert.deepEqual(files.sort(), [...STEP_NAMES].sort());
  const tests = globSync('test/**/*.test.ts').map(read).join('\n');
  for (const name of STEP_NAMES) {
    assert.ok(existsSync(`views/interaction/${name}.pug`), `views/interaction/${name}.pug`);
    assert.ok(fa.has(`interaction.${name}.title`) || fa.has(`interaction.${name}.title.national`), `a title of ${name}`);
    assert.ok(tests.includes(`'${name}'`), `a test that names ${name}`);
  }
});

test('both languages have the same keys, the same placeholders, and no empty text', () => {
  assert.deepEqual([...fa.keys()].sort(), [...en.keys()].sort());
  const placeholders = (text = ''): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [key, text] of fa) {
    assert.notEqual(text.trim(), '', key);
    assert.deepEqual([...new Set(placeholders(text))], [...new Set(placeholders(en.get(key)))], key);
  }
});

test('no number that a setting decides is typed into a text', () => {
  const allowed = /hint$|\.(national|fida)Code\.|certificate|identifier\.|mobile|errors\.birthDate/i;
  for (const [key, text] of fa) if (!allowed.test(key)) assert.doesNotMatch(text, /[0-9۰-۹]/, key);
});

test('Persian texts are written with Persian letters and half-spaces', () => {
  for (const [key, text] of fa) {
    assert.doesNotMatch(text, /[يكى]/, key);
    assert.doesNotMatch(text, /(^|\s)(می|نمی) \S/, `${key}: half-space after می`);
  }
});

test('the SMS with a code is one segment and ends as browsers want it', () => {
  // 70 characters in UCS-2, 160 in the Latin alphabet of GSM 03.38.
  for (const [texts, longest] of [
    [fa, 70],
    [en, 160],
  ] as const) {
    const sms = (texts.get('sms.code') ?? '').replaceAll('{code}', '12345678').replace('{host}', 'profile.tamin.ir');
    assert.ok([...sms].length <= longest, `${[...sms].length} characters`);
    assert.equal(sms.split('\n').at(-1), '@profile.tamin.ir #12345678');
  }
});

test('the environment is read in main.ts only, and nothing prints but main.ts', () => {
  assert.ok(sources.length > 60);
  for (const path of sources.filter((source) => source !== 'src/main.ts')) {
    assert.doesNotMatch(read(path), /process\.env|console\./, path);
  }
  for (const path of sources) assert.doesNotMatch(read(path), /NODE_ENV'|NODE_ENV\]/, path);
});

test('no sentence for people stands in src or in a view', () => {
  for (const path of sources.filter((source) => !source.includes('simulators') && !['src/embedded.ts', 'src/conformance.ts'].includes(source))) {
    const code = read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const persian = code.match(/[\u0600-\u06ff]{3,}[\s\u200c][\u0600-\u06ff]{2,}/);
    assert.equal(persian, null, `${path}: ${persian?.[0]}`);
  }
  for (const path of globSync('views/**/*.pug')) assert.doesNotMatch(read(path).replace("'فارسی'", ''), /[\u0600-\u06ff]/, path);
});

test('the style sheet knows no left and no right', () => {
  const physical = /(?<![\w-])(margin|padding|border|inset)-(left|right|top|bottom)|(?<![\w-])(left|right|float)\s*:|text-align:\s*(left|right)/;
  for (const path of globSync('src/browser/*.css')) assert.doesNotMatch(read(path), physical, path);
});

test('views hold no inline script or style', () => {
  for (const path of globSync('views/**/*.pug')) assert.doesNotMatch(read(path), /style=|onclick|onsubmit|javascript:|^\s*(script|style)\./m, path);
});

test('dependencies are pinned, and none runs a script at install', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }))
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  const lock = read('package-lock.json');
  assert.doesNotMatch(lock, /hasInstallScript|"resolved"/);
});

test('the documents’ tables are those of the code', () => {
  const table = (file: string, marker: string): string | undefined => new RegExp(`<!-- ${marker} -->\n([\\s\\S]*?)\n<!-- /${marker} -->`).exec(read(file))?.[1];
  assert.equal(table('README.md', 'settings'), settingsTable(), 'run: node scripts/write-settings.mjs');
  assert.equal(table('docs/limits.md', 'limits'), limitsTable(), 'run: node scripts/write-settings.mjs');
});
