import assert from 'node:assert/strict';
import type { Started } from '../support/start.ts';

/** The discovery document as it is served, with what OpenID Connect Discovery §3 and §4 want of every server. */
export async function discovered({ origin }: Started): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`${origin}/.well-known/openid-configuration`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const metadata = (await response.json()) as Record<string, unknown>;
  assert.equal(metadata['issuer'], origin);
  for (const [name, value] of Object.entries(metadata)) {
    // Every address is ours; a relying party follows none elsewhere.
    if (/(_endpoint|_uri)$/.test(name)) assert.ok(String(value).startsWith(`${origin}/`), name);
    if (/_supported$/.test(name) && Array.isArray(value)) assert.equal(new Set(value).size, value.length, name);
    assert.notEqual(value, null, name);
  }
  return metadata;
}

/** Asserts that the list `name` of the document contains `values`. */
export function assertOffers(metadata: Readonly<Record<string, unknown>>, name: string, ...values: readonly string[]): void {
  const offered = metadata[name];
  assert.ok(Array.isArray(offered), name);
  for (const value of values) assert.ok(offered.includes(value), `${name} has no ${value}`);
}
