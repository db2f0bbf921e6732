import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Started } from '../support/start.ts';
import { assertOffers, discovered } from './discovery.ts';
import { runPlan } from './plan.ts';
import { startConformance } from './relying-party.ts';

let s: Started;
before(async () => {
  s = await startConformance();
});
after(() => s.close());

runPlan('oidcc-config-certification-test-plan', {
  async 'oidcc-discovery-endpoint-verification'() {
    const metadata = await discovered(s);
    for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri']) assert.equal(typeof metadata[name], 'string', name);
    assertOffers(metadata, 'response_types_supported', 'code');
    assertOffers(metadata, 'grant_types_supported', 'authorization_code');
    assertOffers(metadata, 'scopes_supported', 'openid');
    assertOffers(metadata, 'subject_types_supported', 'public', 'pairwise');
    assertOffers(metadata, 'id_token_signing_alg_values_supported', 'RS256');
    assertOffers(metadata, 'request_object_signing_alg_values_supported', 'RS256');
    assertOffers(metadata, 'code_challenge_methods_supported', 'S256');
    assertOffers(metadata, 'claims_supported', 'sub', 'name', 'email', 'phone_number');
    assert.equal(metadata['claims_parameter_supported'], true);
    assert.equal(metadata['request_parameter_supported'], true);
    assert.equal(metadata['request_uri_parameter_supported'], false);
    for (const language of metadata['ui_locales_supported'] as string[]) assert.equal(Intl.getCanonicalLocales(language)[0], language);

    const { keys } = (await (await fetch(String(metadata['jwks_uri']))).json()) as { keys: Record<string, string>[] };
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length, 'every key has a name of its own');
    for (const key of keys) {
      assert.equal(key['use'], 'sig');
      for (const secret of ['d', 'p', 'q', 'k']) assert.ok(!(secret in key));
      // NIST SP 800-57: 2048 bits at least.
      if (key['kty'] === 'RSA') assert.ok(Buffer.from(key['n'] ?? '', 'base64url').length >= 256);
    }
  },
});
