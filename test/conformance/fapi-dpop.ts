import assert from 'node:assert/strict';
import { UnsecuredJWT } from 'jose';
import { fapiName } from './fapi-names.ts';
import { assertError, good, hashOf, newProofKey, now, type ProofChange, type ProofKey, proofOf } from './fapi-party.ts';
import type { FapiSetting, Module } from './plan.ts';

/** Proofs of possession (RFC 9449), at the pushed request, the token endpoint and the resource. */
export function fapiDpopModules(setting: FapiSetting): Readonly<Record<string, Module>> {
  /** All three places get a proof with this change, and each accepts it. */
  const everywhere = async (change: () => ProofChange): Promise<void> => {
    const { one } = setting;
    const key = await newProofKey();
    const got = await one.code({}, { proof: await proofOf(key, 'POST', `${one.origin}/request`, change()) });
    const tokens = await good(await one.token(one.codeForm(got), key, { proof: change() }));
    assert.equal((await one.resource(tokens.access_token, key, change())).status, 200);
  };
  const boundByJkt = async (key: ProofKey): Promise<{ form: Record<string, string> }> => {
    const got = await setting.one.code({ dpop_jkt: key.thumbprint });
    return { form: setting.one.codeForm(got) };
  };

  return {
    async [fapiName('access-token-type-header-case-sensitivity')]() {
      const { tokens, key } = await setting.one.flow();
      for (const scheme of ['dpop', 'DPOP', 'dPoP']) assert.equal((await setting.one.resource(tokens.access_token, key, {}, scheme)).status, 200, scheme);
    },
    async [fapiName('check-dpop-proof-nbf-exp')]() {
      await everywhere(() => ({ claims: { nbf: now(), exp: now() + 300 } }));
    },
    async [fapiName('ensure-dpopproof-with-iat-10seconds-before-succeeds')]() {
      await everywhere(() => ({ claims: { iat: now() - 10 } }));
    },
    async [fapiName('ensure-dpopproof-with-iat-10seconds-after-succeeds')]() {
      await everywhere(() => ({ claims: { iat: now() + 10 } }));
    },
    async [fapiName('ensure-mismatched-dpop-jkt-fails')]() {
      const { one } = setting;
      const [key, other] = await Promise.all([newProofKey(), newProofKey()]);
      const { response } = await one.push({ dpop_jkt: other.thumbprint }, { proof: await proofOf(key, 'POST', `${one.origin}/request`) });
      await assertError(response, 'invalid_dpop_proof', 'invalid_request');
    },
    async [fapiName('ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt')]() {
      const { one } = setting;
      const key = await newProofKey();
      const got = await one.code({}, { proof: await proofOf(key, 'POST', `${one.origin}/request`) });
      await assertError(await one.token(one.codeForm(got), await newProofKey()), 'invalid_grant', 'invalid_dpop_proof', 'invalid_request');
    },
    async [fapiName('ensure-token-endpoint-fails-with-mismatched-dpop-jkt')]() {
      const { form } = await boundByJkt(await newProofKey());
      await assertError(await setting.one.token(form, await newProofKey()), 'invalid_grant', 'invalid_dpop_proof', 'invalid_request');
    },
    async [fapiName('ensure-dpopproof-at-par-endpoint-binding-success')]() {
      await everywhere(() => ({}));
    },
    async [fapiName('ensure-dpop-auth-code-binding-success')]() {
      const key = await newProofKey();
      const { form } = await boundByJkt(key);
      const tokens = await good(await setting.one.token(form, key));
      assert.equal((await setting.one.resource(tokens.access_token, key)).status, 200);
    },
    async [fapiName('ensure-holder-of-key-required')]() {
      // The suite also looks at the versions and ciphers of TLS, which the proxy in front has.
      const { one } = setting;
      const got = await one.code();
      await assertError(await one.token(one.codeForm(got), got.request.key, { proof: false }), 'invalid_request', 'invalid_grant', 'invalid_dpop_proof');
    },
    async [fapiName('dpop-negative-tests')]() {
      const { one } = setting;
      const { tokens, key } = await one.flow();
      const { access_token: token } = tokens;
      const me = `${one.origin}/me`;
      const ask = (headers: Readonly<Record<string, string>>): Promise<Response> => fetch(me, { headers: { Authorization: `DPoP ${token}`, ...headers } });
      const asked = async (proof: string): Promise<number> => (await ask({ DPoP: proof })).status;
      const proof = (change: ProofChange = {}): Promise<string> => proofOf(key, 'GET', me, { ...change, claims: { ath: hashOf(token), ...change.claims } });
      const [rsa, other] = await Promise.all([newProofKey('RS256'), newProofKey()]);
      const parts = (await proof()).split('.');
      const headerWithout = (name: string): string => {
        const header = JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString()) as Record<string, unknown>;
        return [Buffer.from(JSON.stringify({ ...header, [name]: undefined })).toString('base64url'), ...parts.slice(1)].join('.');
      };
      // The private member alone is what must be refused; its value does not matter.
      const privateKeyJwk = { ...key.jwk, d: other.jwk.x };

      assert.equal((await ask({ DPOP: await proof() })).status, 200, 'the header’s name in capitals');
      const refused: Readonly<Record<string, string>> = {
        'two proofs': `${await proof()}, ${await proof()}`,
        'not a JWT': 'not-a-jwt',
        'typ missing': await proof({ header: { typ: undefined } }),
        'alg missing': headerWithout('alg'),
        'jwk missing': await proof({ header: { jwk: undefined } }),
        'jti missing': await proof({ claims: { jti: undefined } }),
        'htm missing': await proof({ claims: { htm: undefined } }),
        'htu missing': await proof({ claims: { htu: undefined } }),
        'iat missing': await proof({ claims: { iat: undefined } }),
        'ath missing': await proof({ claims: { ath: undefined } }),
        'another typ': await proof({ header: { typ: 'jwt' } }),
        RS256: await proof({ key: rsa, alg: 'RS256' }),
        'alg none': new UnsecuredJWT({ jti: 'none', htm: 'GET', htu: me, ath: hashOf(token) }).setIssuedAt().encode(),
        'a broken signature': `${parts.slice(0, 2).join('.')}.${Buffer.alloc(64, 7).toString('base64url')}`,
        'the private key inside': await proof({ header: { jwk: privateKeyJwk } }),
        'another method': await proof({ claims: { htm: 'PUT' } }),
        'another address': await proof({ claims: { htu: `${one.origin}/token` } }),
        'an hour in the future': await proof({ claims: { iat: now() + 3600 } }),
        'an hour in the past': await proof({ claims: { iat: now() - 3600 } }),
        'ath of another token': await proof({ claims: { ath: hashOf('another') } }),
        'signed by another key': await proof({ key: other }),
        'another key than the header’s': await proof({ key: other, header: { jwk: key.jwk } }),
      };
      for (const [name, value] of Object.entries(refused)) {
        const status = await asked(value);
        assert.ok(status === 400 || status === 401, `${name}: ${status}`);
      }
      const accepted: Readonly<Record<string, string>> = {
        'query and fragment in htu': await proof({ claims: { htu: `${me}?query=1#fragment` } }),
        'more claims and headers': await proof({ claims: { extra: 1 }, header: { extra: 1 } }),
        'scheme and host in capitals': await proof({ claims: { htu: me.replace(/^http:/, 'HTTP:') } }),
        'as it should be': await proof(),
      };
      for (const [name, value] of Object.entries(accepted)) assert.equal(await asked(value), 200, name);
      const withQuery = await fetch(`${me}?query=1`, { headers: { Authorization: `DPoP ${token}`, DPoP: await proof() } });
      assert.equal(withQuery.status, 200, 'a query in the address, none in htu');
      const once = await proof();
      assert.equal(await asked(once), 200);
      assert.ok([400, 401].includes(await asked(once)), 'the same proof again');
      assert.ok([400, 401].includes((await ask({})).status), 'no proof');
      assert.ok([400, 401].includes((await fetch(me, { headers: { Authorization: `Bearer ${token}` } })).status), 'as Bearer');
      assert.equal(await asked(await proof()), 200, 'and still a right one');
    },
  };
}
