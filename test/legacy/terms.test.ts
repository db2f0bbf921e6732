import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { refusalOf } from '#src/legacy/permission.ts';
import { readClients } from '#src/oidc/clients.ts';
import { audienceList, mayAskAudience, selectAudience } from '#src/oidc/legacy-audience.ts';
import { endOf, legacyTerms, permits, termsOf } from '#src/oidc/legacy-terms.ts';

const OWN = 'own-national-code';

test('the audience of a token is the asked part of the allowed set, or nothing', () => {
  const table: [asked: string, allowed: string[], ownCode: string | undefined, selected: string[] | undefined][] = [
    ['', ['a', 'b'], undefined, ['a', 'b']],
    ['a', ['a', 'b'], undefined, ['a']],
    ['b, a ,b', ['a', 'b'], undefined, ['b', 'a']],
    ['a,c', ['a', 'b'], undefined, undefined],
    ['A', ['a'], undefined, undefined],
    ['a/', ['a'], undefined, undefined],
    ['a', [], undefined, undefined],
    ['', [OWN], '0084575948', []],
    ['0084575948', [OWN], '0084575948', ['0084575948']],
    ['0084575948', [OWN], '0499370899', undefined],
    ['0084575948', [OWN], undefined, undefined],
    ['0084575948', ['a'], '0084575948', undefined],
    [OWN, [OWN], '0084575948', undefined],
    ['a,0084575948', ['a', OWN], '0084575948', ['a', '0084575948']],
  ];
  for (const [asked, allowed, own, selected] of table) assert.deepEqual(selectAudience(audienceList(asked), allowed, own), selected, `${asked} of ${allowed}`);
});

test('what nobody could be given is known before anything is used up', () => {
  assert.equal(mayAskAudience(['a'], ['a']), true);
  assert.equal(mayAskAudience(['0084575948'], ['a', OWN]), true);
  assert.equal(mayAskAudience(['0084575948'], ['a']), false);
  assert.equal(mayAskAudience(['b', '0084575948'], [OWN]), false);
});

test('terms end with their last day in Tehran', () => {
  const terms = legacyTerms.parse({ until: '2027-03-20', forms: ['paths'] });
  assert.equal(endOf(terms), Date.parse('2027-03-20T20:30:00Z'));
  assert.equal(permits(terms, 'paths', endOf(terms) - 1), true);
  assert.equal(permits(terms, 'paths', endOf(terms)), false);
  assert.equal(permits(terms, 'implicit', 0), false);
  assert.equal(permits(undefined, 'paths', 0), false);
});

test('a refusal says which of three reasons it has', () => {
  const client = { id: 'c', redirectUris: [], terms: legacyTerms.parse({ until: '2027-03-20', forms: ['paths'] }) };
  assert.equal(refusalOf(client, ['paths'], 0), undefined);
  assert.equal(refusalOf(client, ['paths', 'implicit'], 0)?.kind, 'form');
  assert.equal(refusalOf(client, ['paths'], 1e13)?.kind, 'over');
  assert.equal(refusalOf({ id: 'c', redirectUris: [] }, ['paths'], 0)?.kind, 'unknown');
  assert.equal(refusalOf(undefined, [], 0)?.kind, 'unknown');
});

test('terms that cannot be read are none', () => {
  for (const legacy of [undefined, null, 'yes', true, {}, { until: '2027-02-30', forms: ['paths'] }, { until: '2027-03-20', forms: ['everything'] }]) {
    assert.equal(termsOf({ legacy }), undefined, JSON.stringify(legacy));
  }
});

test('clients.json carries the terms, and says what is wrong with them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clients-'));
  const file = join(folder, 'clients.json');
  const read = (legacy: object, more: object = {}) => {
    const client = {
      client_id: 'old',
      names: { fa: 'الف', en: 'A' },
      first_party: true,
      start_url: 'https://old.test/',
      redirect_uris: ['https://old.test/'],
      token_endpoint_auth_method: 'none',
      legacy,
      ...more,
    };
    writeFileSync(file, JSON.stringify([client]));
    return readClients(file);
  };
  try {
    const terms = { until: '2027-03-20', forms: ['paths', 'signout'], signout_uris: ['https://old.test/bye'] };
    const [client] = read(terms, { post_logout_redirect_uris: ['https://old.test/bye'] });
    assert.deepEqual(termsOf(client?.metadata)?.signout_uris, ['https://old.test/bye']);
    assert.throws(() => read(terms), /post_logout_redirect_uris/);
    assert.throws(() => read({ ...terms, signout_uris: [], until: 'soon' }), /until/);
    assert.throws(() => read({ ...terms, signout_uris: [], forms: ['assertion'] }), /forms/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
