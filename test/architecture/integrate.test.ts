import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ACR } from '#src/identity/assurance.ts';
import { CLAIMS, SCOPES } from '#src/oidc/claims.ts';
import { clientFile, GRANT_TYPES } from '#src/oidc/client-metadata.ts';

const guides = ['docs/integrate.md', 'docs/integrate.fa.md'];
const required = {
  scope: SCOPES,
  claim: Object.values(CLAIMS).flat(),
  'level of assurance': Object.keys(ACR),
  'field of clients.json': Object.keys(clientFile.element.shape),
  'grant type': GRANT_TYPES,
};

for (const path of guides)
  test(`every scope, claim, level, grant type and field of clients.json stands in ${path}`, () => {
    const text = readFileSync(path, 'utf8');
    for (const [kind, names] of Object.entries(required)) for (const name of names) assert.ok(text.includes(`\`${name}\``), `${kind} ${name}`);
  });

test('the guides name no field of clients.json that is not there', () => {
  const known = new Set(Object.keys(clientFile.element.shape));
  for (const path of guides) {
    const table = /\|---\|---\|\n(\| `client_id`[\s\S]*?)\n\n/.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
    const named = table.split('\n').flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''));
    assert.deepEqual([...named].sort(), [...known].sort(), path);
  }
});
