import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProfileError } from '#src/errors.ts';
import { acrOf, amrOf, isAcr, satisfies } from '#src/identity/assurance.ts';
import { createLimiter, network } from '#src/identity/limiter.ts';
import { type CodeBinding, createCodes } from '#src/identity/one-time-code.ts';
import { createHasher } from '#src/identity/password.ts';
import { brokenRules } from '#src/identity/password-policy.ts';
import type { Ephemeral } from '#src/identity/ports.ts';
import { createHmac256, createSeal } from '#src/identity/seal.ts';
import { DEFAULT_LIMITS } from '#src/limits.ts';
import { createMemory } from '#src/stores/memory.ts';

const keyed = createHmac256('k'.repeat(32), 'test');
function clock() {
  let now = 1_800_000_000_000;
  return {
    now: () => now,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
  };
}

// ── passwords ──

const words = ['0084575948', '+989121234567', '09121234567', '9121234567', 'علی‌رضا', 'رستگار نیک', 'rastgar'];
const judged: readonly [string, readonly string[]][] = [
  ['zarafe-abi-kuh', []],
  ['گنجشکک اشی مشی', []],
  ['correct horse battery', []],
  ['کوتاه', ['length']],
  ['short-pass1', ['length']],
  ['a'.repeat(257), ['length']],
  ['my-0084575948-pass', ['context']],
  ['my-۰۰۸۴۵۷۵۹۴۸-pass', ['context']],
  ['x09121234567xyz', ['context']],
  ['kheili-rastgar-am', ['context']],
  ['علیرضا-کوه-دریا', ['context']],
  ['password1234', ['breached']],
  ['Password2024!', ['breached']],
  ['aaaaaaaaaaaaaa', ['breached']],
  ['123456789012', ['breached']],
  ['qwertyuiopasdf', ['breached']],
  ['salamsalamsalam', ['breached']],
  ['1q2w3e4r', ['length', 'breached']],
];
for (const [password, expected] of judged) {
  test(`password "${password.slice(0, 24)}" breaks ${expected.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(brokenRules(password, words, DEFAULT_LIMITS), expected);
  });
}

test('no rule asks for kinds of characters: random letters of enough length are accepted', () => {
  fc.assert(fc.property(fc.stringMatching(/^[a-z]{5}-[b-x]{5}-[c-w]{6}$/), (password) => !brokenRules(password, [], DEFAULT_LIMITS).includes('length')));
});

test('length is counted in code points', () => {
  assert.deepEqual(brokenRules('🐪🐫🦒🐘🐅🐆🦓🐊🐢🐍🦎', [], DEFAULT_LIMITS), ['length']);
  assert.deepEqual(brokenRules('🐪🐫🦒🐘🐅🐆🦓🐊🐢🐍🦎🦖', [], DEFAULT_LIMITS), []);
});

test('a hash is Argon2id with its parameters, verified as received: no trim, no case, no truncation', async () => {
  const hasher = createHasher({ concurrency: 2, queue: 50, retryAfter: 5 });
  const hash = await hasher.hash(' Zarafe-abi ');
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(await hasher.verify(hash, ' Zarafe-abi '), true);
  for (const other of ['Zarafe-abi', ' zarafe-abi ', ' Zarafe-abi']) assert.equal(await hasher.verify(hash, other), false);
  const long = 'x'.repeat(100);
  assert.equal(await hasher.verify(await hasher.hash(`${long}a`), `${long}b`), false);
  assert.equal(await hasher.verify(undefined, 'anything'), false);
  assert.equal(hasher.needsRehash(hash), false);
  assert.equal(hasher.needsRehash(hash.replace('m=19456', 'm=4096')), true);
  assert.equal(await hasher.verify(await hasher.hash('café-café-café'.normalize('NFD')), 'café-café-café'.normalize('NFC')), true);
});

test('the line before hashing is bounded: one more is refused with Retry-After, and the others are served', async () => {
  const hasher = createHasher({ concurrency: 1, queue: 3, retryAfter: 5 });
  const all = await Promise.allSettled(Array.from({ length: 10 }, () => hasher.hash('zarafe-abi-kuh')));
  const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason as ProfileError] : []));
  assert.equal(all.length - refused.length, 4);
  for (const error of refused) {
    assert.ok(error instanceof ProfileError);
    assert.deepEqual([error.code, error.status, error.detail.retryAfter], ['busy', 503, 5]);
  }
  assert.equal(hasher.waiting(), 0);
  assert.ok(await hasher.hash('zarafe-abi-kuh'), 'the line is free again');
});

// ── seals ──

test('what is sealed opens with the same purpose, context and secret only', () => {
  const seal = createSeal('s'.repeat(32), 'a');
  const sealed = seal.seal('متن', 'context');
  assert.equal(seal.open(sealed, 'context'), 'متن');
  assert.equal(seal.open(sealed, 'other'), undefined);
  assert.equal(createSeal('s'.repeat(32), 'b').open(sealed, 'context'), undefined);
  assert.equal(createSeal('t'.repeat(32), 'a').open(sealed, 'context'), undefined);
  assert.notEqual(seal.seal('متن', 'context'), sealed, 'a fresh nonce every time');
  fc.assert(
    fc.property(
      fc.nat(sealed.length - 4),
      (place) =>
        seal.open(`${sealed.slice(0, place + 3)}${sealed[place + 3] === 'A' ? 'B' : 'A'}${sealed.slice(place + 4)}`, 'context') === undefined ||
        place + 4 >= sealed.length - 1,
    ),
  );
  for (const garbage of ['', 'v1.', 'v2.abc', 'v1.AAAA']) assert.equal(seal.open(garbage), undefined);
});

// ── one-time codes ──

const binding: CodeBinding = { purpose: 'sign-in', uid: 'u1', person: 'national:0084575948', mobile: '+989121234567' };
function codesWith(ephemeral?: Ephemeral) {
  const time = clock();
  const memory = ephemeral ?? createMemory(time.now);
  return { ...time, memory, codes: createCodes({ ephemeral: memory, keyed, now: time.now, limits: DEFAULT_LIMITS }) };
}

test('the same code is issued while it lives; a new one after', async () => {
  const { codes, pass } = codesWith();
  const first = await codes.issue(binding);
  assert.match(first.code, /^\d{6}$/);
  pass(299);
  assert.equal((await codes.issue(binding)).code, first.code);
  pass(2);
  assert.deepEqual(await codes.redeem(binding, first.code), { outcome: 'expired' });
  assert.match((await codes.issue({ ...binding, purpose: 'recover' })).code, /^\d{8}$/);
});

test('of twenty right answers that arrive together one is accepted', async () => {
  const { codes } = codesWith();
  const { code } = await codes.issue(binding);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => codes.redeem(binding, code)));
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'ok').length, 1);
});

test('of a thousand parallel guesses five are compared, and the right code is dead after them', async () => {
  const { codes } = codesWith();
  const { code } = await codes.issue(binding);
  const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
  const outcomes = await Promise.all(Array.from({ length: 1000 }, () => codes.redeem(binding, wrong)));
  assert.ok(outcomes.filter(({ outcome }) => outcome === 'incorrect').length <= 5);
  assert.notEqual((await codes.redeem(binding, code)).outcome, 'ok');
});

test('a code is worth nothing for another visit, purpose, person or number', async () => {
  const { codes } = codesWith();
  const { code } = await codes.issue(binding);
  for (const other of [{ uid: 'u2' }, { purpose: 'sign-up' as const }, { person: 'national:1' }, { mobile: '+989120000000' }]) {
    await codes.issue({ ...binding, ...other });
    assert.notEqual((await codes.redeem({ ...binding, ...other }, code)).outcome, 'ok', JSON.stringify(other));
  }
  assert.equal((await codes.redeem(binding, code)).outcome, 'ok');
});

test('empty and malformed answers are never right, also when no code was made', async () => {
  const { codes } = codesWith();
  for (const typed of ['', '000000', 'null', '[]', '12345', '1234567', 'undefined'])
    assert.notEqual((await codes.redeem({ ...binding, uid: `x${typed}` }, typed)).outcome, 'ok');
});

test('a new code never resets the counts of the person', async () => {
  const { codes, pass } = codesWith();
  for (let visit = 0; visit < 2; visit += 1) {
    const own = { ...binding, uid: `v${visit}` };
    await codes.issue(own);
    for (let tries = 0; tries < 5; tries += 1) await codes.redeem(own, '000000');
  }
  const third = { ...binding, uid: 'v3' };
  const { code } = await codes.issue(third);
  assert.equal((await codes.redeem(third, code)).outcome, 'too-many', 'ten an hour');
  pass(3601);
  const fourth = { ...binding, uid: 'v4' };
  const later = await codes.issue(fourth);
  assert.equal((await codes.redeem(fourth, later.code)).outcome, 'ok');
});

test('a dump of the store holds no code and no person', async () => {
  const kept: string[] = [];
  const time = clock();
  const memory = createMemory(time.now);
  const spied: Ephemeral = {
    ...memory,
    create(key, value, seconds) {
      kept.push(key, value);
      return memory.create(key, value, seconds);
    },
    count(key, seconds) {
      kept.push(key);
      return memory.count(key, seconds);
    },
  };
  const { codes } = codesWith(spied);
  const { code } = await codes.issue(binding);
  await codes.redeem(binding, '000000');
  assert.ok(kept.length > 2);
  for (const secret of [code, '0084575948', '9121234567']) assert.ok(!kept.join('\n').includes(secret));
});

// ── limits ──

function limiterWith() {
  const time = clock();
  return { ...time, limiter: createLimiter({ ephemeral: createMemory(time.now), keyed, now: time.now, limits: DEFAULT_LIMITS }) };
}

test('SMS to one number: one a minute, three in a quarter, five an hour, ten a day', async () => {
  const { limiter, pass } = limiterWith();
  const who = { number: '+989121234567', address: '192.0.2.1' };
  const sent: number[] = [];
  for (let second = 0; second < 86_400; second += 30) {
    if ((await limiter.take('sms', { ...who, address: `192.0.${second % 250}.1` })).allowed) sent.push(second);
    pass(30);
  }
  const within = (from: number, seconds: number): number => sent.filter((at) => at >= from && at < from + seconds).length;
  assert.equal(sent.length, 10);
  assert.ok(within(0, 60) <= 1 && within(0, 900) <= 3 && within(0, 3600) <= 5);
});

test('of fifty SMS asked for together one is sent', async () => {
  const { limiter } = limiterWith();
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => limiter.take('sms', { number: 'n', address: '192.0.2.1' })));
  assert.equal(verdicts.filter(({ allowed }) => allowed).length, 1);
});

test('one network asks for ten SMS in ten minutes, whatever the numbers; its neighbour is not it', async () => {
  const { limiter } = limiterWith();
  const verdicts = [];
  for (let index = 0; index < 12; index += 1) verdicts.push(await limiter.take('sms', { number: `n${index}`, address: `192.0.2.${index}` }));
  assert.equal(verdicts.filter(({ allowed }) => allowed).length, 10);
  assert.equal((await limiter.take('sms', { number: 'm', address: '192.0.3.1' })).allowed, true);
});

test('of a thousand parallel guesses at a password five are compared', async () => {
  const { limiter } = limiterWith();
  const who = { person: 'national:1', address: '192.0.2.1', known: false };
  const asked = await Promise.all(Array.from({ length: 1000 }, () => limiter.signIn.ask(who)));
  assert.equal(asked.filter(({ allowed }) => allowed).length, 5);
});

test('waits grow from 30 s to an hour, one guess after each, and a success forgets them', async () => {
  const { limiter, pass } = limiterWith();
  const who = { person: 'national:1', address: '192.0.2.1', known: false };
  for (let tries = 0; tries < 4; tries += 1) {
    assert.equal((await limiter.signIn.ask(who)).allowed, true);
    assert.deepEqual(await limiter.signIn.failed(who), { attemptsLeft: 4 - tries, wait: 0 });
  }
  const waits: number[] = [];
  for (let tries = 0; tries < 6; tries += 1) {
    assert.equal((await limiter.signIn.ask(who)).allowed, true, `guess after wait ${tries}`);
    const { wait } = await limiter.signIn.failed(who);
    waits.push(wait);
    const refused = await limiter.signIn.ask(who);
    assert.equal(refused.allowed, false);
    pass(wait);
  }
  assert.deepEqual(waits, [30, 60, 120, 240, 480, 960]);
  assert.equal((await limiter.signIn.ask(who)).allowed, true);
  await limiter.signIn.succeeded(who);
  assert.deepEqual(await limiter.signIn.ask(who).then(() => limiter.signIn.failed(who)), { attemptsLeft: 4, wait: 0 });
});

test('fifty failures over many networks ask for a second factor; they never lock', async () => {
  const { limiter } = limiterWith();
  for (let index = 0; index < 50; index += 1) {
    const who = { person: 'national:1', address: `10.${index}.0.1`, known: false };
    await limiter.signIn.ask(who);
    await limiter.signIn.failed(who);
  }
  assert.deepEqual(await limiter.signIn.ask({ person: 'national:1', address: '192.0.2.9', known: false }), { allowed: true, secondFactor: true });
  assert.deepEqual(await limiter.signIn.ask({ person: 'national:2', address: '192.0.2.9', known: false }), { allowed: true, secondFactor: false });
});

test('the network of an address', () => {
  const cases = {
    '192.0.2.77': '192.0.2',
    '::ffff:192.0.2.77': '192.0.2',
    '2001:db8:1:2233::1': '2001:0db8:0001:22',
    '2001:db8:1:22ff:1:2:3:4': '2001:0db8:0001:22',
    '::1': '0000:0000:0000:00',
  };
  for (const [address, expected] of Object.entries(cases)) assert.equal(network(address), expected);
});

// ── assurance ──

test('amr and acr derive from what was verified', () => {
  assert.deepEqual(amrOf(['pwd']), ['pwd']);
  assert.deepEqual(amrOf(['pwd', 'sms']), ['pwd', 'sms', 'otp', 'mfa']);
  assert.equal(acrOf(['pwd']), 'urn:profile:1');
  assert.equal(acrOf(['sms', 'pwd']), 'urn:profile:2');
  assert.equal(satisfies('urn:profile:2', ['pwd']), false);
  assert.equal(isAcr('toString'), false);
});
