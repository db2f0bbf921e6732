// Writes the generated tables into the documents, between their markers.
import { readFileSync, writeFileSync } from 'node:fs';
import { settingsTable } from '../src/config.ts';
import { limitsTable } from '../src/limits.ts';

const write = (name, marker, table) => {
  const path = new URL(`../${name}`, import.meta.url);
  const [open, close] = [`<!-- ${marker} -->`, `<!-- /${marker} -->`];
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(new RegExp(`${open}[\\s\\S]*?${close}`), () => `${open}\n${table}\n${close}`),
  );
};
write('README.md', 'settings', settingsTable());
write('docs/limits.md', 'limits', limitsTable());
