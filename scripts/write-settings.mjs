// Writes the table of settings into the README between its markers.
import { readFileSync, writeFileSync } from 'node:fs';
import { settingsTable } from '../src/config.ts';

const path = new URL('../README.md', import.meta.url);
const text = readFileSync(path, 'utf8');
writeFileSync(path, text.replace(/<!-- settings -->[\s\S]*?<!-- \/settings -->/, `<!-- settings -->\n${settingsTable()}\n<!-- /settings -->`));
