import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { STATUS } from '#src/errors.ts';
import type { Errors, Locals } from '#src/http/page.ts';
import { DOCUMENT_TYPES } from '#src/identity/document.ts';
import { type Started, start } from '../support/start.ts';

let s: Started;
before(async () => {
  s = await start();
});
after(() => s.close());

const rules = [{ name: 'length', minimum: 12 }, { name: 'context' }, { name: 'breached' }];
const password = { rules, words: ['0084575948'], username: '0084575948' };
const code = { mobile: '0912 ••• 4567', expiresIn: 252, resendIn: 38, digits: 6, attemptsLeft: 5 };
const months = Array.from({ length: 12 }, (_, index) => ({ value: String(index + 1), label: 'x' }));
const waits: Errors[] = [{ form: { code: 'rate', minutes: 3 } }, { form: { code: 'wait', minutes: 3 } }, { form: { code: 'wait-seconds', seconds: 20 } }];
const codeErrors: Errors[] = [
  { code: { code: 'incorrect', left: 3 } },
  ...['expired', 'exhausted', 'required'].map((one) => ({ code: { code: one } })),
  { code: { code: 'too-many', minutes: 4 } },
  { code: { code: 'rate', minutes: 4 } },
];
const passwordErrors = (field: string): Errors[] =>
  ['required', 'length', 'context', 'breached', 'reused'].map((one) => ({ [field]: { code: one, min: 12, max: 256, rules: ['length'] } }));

/** Every view, the data it can be shown with, and every error it can carry. */
const VIEWS: Readonly<Record<string, { data?: object[]; errors?: Errors[] }>> = {
  'interaction/sign-in': {
    data: [
      { goSignUp: '#', goRecover: '#' },
      { goSignUp: '#', goRecover: '#', notice: 'recovered' },
    ],
    errors: [
      { identifier: { code: 'incorrect' }, password: { code: 'required' } },
      { identifier: { code: 'required' } },
      { form: { code: 'incorrect', left: 2 } },
      ...waits,
    ],
  },
  'interaction/sign-in-code': {
    data: [
      { ...code, stage: 'demanded' },
      { ...code, stage: 'protect', expiresIn: 0 },
    ],
    errors: codeErrors,
  },
  'interaction/consent': {
    data: [
      {
        again: false,
        claims: ['name', 'birthdate', 'email', 'phone', 'national_id', 'offline'].map((name) => ({
          name,
          ...(name === 'birthdate' ? { date: '1991-10-04' } : { value: 'x' }),
        })),
      },
      { again: true, claims: [] },
      { again: false, claims: [], apis: [{ name: 'x', scopes: ['y', 'z'] }] },
    ],
    errors: [{ form: { code: 'required' } }],
  },
  'interaction/recover': {
    data: [{ goSignIn: '#', steps: 3, step: 1 }],
    errors: [{ identifier: { code: 'incorrect' } }, { identifier: { code: 'required' } }, ...waits],
  },
  'interaction/recover-code': { data: [{ ...code, steps: 3, step: 2 }], errors: codeErrors },
  'interaction/recover-password': { data: [{ ...password, steps: 3, step: 3 }], errors: passwordErrors('password') },
  'interaction/sign-up': { data: [{ goSignIn: '#' }, { goSignIn: '#', draft: true }], errors: [{ form: { code: 'choose' } }] },
  'interaction/sign-up-identifier': {
    data: [
      { kind: 'national', documentTypes: DOCUMENT_TYPES },
      { kind: 'foreign', documentTypes: DOCUMENT_TYPES },
    ],
    errors: [
      { nationalCode: { code: 'incorrect' }, mobile: { code: 'incorrect' } },
      { nationalCode: { code: 'short', suggestion: '0084575948' } },
      { fidaCode: { code: 'incorrect' }, documentType: { code: 'required' }, documentNumber: { code: 'incorrect' } },
      { mobile: { code: 'rate', minutes: 3 } },
      { mobile: { code: 'required' } },
    ],
  },
  'interaction/sign-up-code': { data: [code], errors: codeErrors },
  'interaction/sign-up-notice': {
    data: ['not-owner', 'exists', 'deceased', 'needs-office', 'too-many'].map((notice) => ({
      notice,
      mobile: '0912 ••• 4567',
      minutes: 7,
      goSignIn: '#',
      goRecover: '#',
    })),
  },
  'interaction/sign-up-waiting': {
    data: [
      { mobile: '0912 ••• 4567', asked: false, retryIn: 9 },
      { mobile: '0912 ••• 4567', asked: true, retryIn: 0 },
    ],
  },
  'interaction/sign-up-identity': {
    data: [
      { kind: 'national', series: true, months, nationalCode: '0084575948' },
      { kind: 'foreign', series: false, months, nationalCode: '101111111111' },
    ],
    errors: [
      { firstName: { code: 'required' }, certificateNumber: { code: 'zero' }, birthDate: { code: 'month-length', month: 'مهر', days: 30 } },
      ...['invalid', 'future', 'too-young', 'required'].map((one) => ({ birthDate: { code: one, age: 18 } })),
      { certificateNumber: { code: 'incorrect' }, certificateSeries: { code: 'required' }, certificateSerial: { code: 'incorrect' } },
      { form: { code: 'mismatch' } },
    ],
  },
  'interaction/sign-up-email': { data: [{ optional: false }, { optional: true }], errors: [{ email: { code: 'incorrect' } }, { email: { code: 'required' } }] },
  'interaction/sign-up-password': { data: [password], errors: passwordErrors('password') },
  'interaction/sign-up-review': {
    data: [
      {
        blocks: ['identifier', 'identity', 'email', 'password'].map((edit) => ({
          edit,
          rows: [
            { label: 'mobile', value: 'x', code: true },
            { label: 'name', value: 'y' },
          ],
        })),
      },
    ],
    errors: waits,
  },
  'interaction/sign-up-done': { data: [{ firstName: 'x' }] },
  'account/home': {
    data: ['national', 'foreign'].map((kind) => ({
      name: 'x y',
      firstName: 'x',
      identifier: '0084575948',
      kind,
      mobile: '0912 ••• 4567',
      notice: 'password-changed',
      ...(kind === 'foreign' ? { email: 'a@example.test' } : {}),
    })),
  },
  'account/password': {
    data: [password],
    errors: [...passwordErrors('newPassword'), { currentPassword: { code: 'incorrect' } }, { currentPassword: { code: 'required' } }, ...waits],
  },
  'account/sign-out': {
    data: [
      { action: '/session/end/confirm', form: '<input type="hidden" name="xsrf" value="x">' },
      { client: { name: 'x', startUrl: 'https://x.example/' }, action: '/', form: '' },
    ],
  },
  'account/device': {
    data: [{ action: '/device', form: '' }],
    errors: ['required', 'incorrect', 'expired', 'used', 'denied'].map((code) => ({ user_code: { code } })),
  },
  'account/device-confirm': { data: [{ action: '/device', form: '', userCode: 'BCDF-GHJK', client: { name: 'x' } }] },
  'account/device-done': { data: [{}] },
  'account/signed-out': { data: [{}, { client: { name: 'x', startUrl: 'https://x.example/' } }] },
  error: {
    data: Object.keys(STATUS).flatMap((one) => [
      { code: one, minutes: 4 },
      { code: one, client: { name: 'x', startUrl: 'https://x.example/' }, restart: '/auth' },
    ]),
  },
};

test('every view is known here', () => {
  const files = globSync('views/**/*.pug')
    .map((path) => path.slice(6, -4))
    .filter((name) => !name.startsWith('layout/'));
  assert.deepEqual(files.sort(), Object.keys(VIEWS).sort());
});

for (const [view, { data = [{}], errors = [] }] of Object.entries(VIEWS)) {
  test(`${view} renders in both languages with everything it can show and every error`, () => {
    const client = { name: 'خدمات غیرحضوری', firstParty: true };
    const shown: Locals[] = [
      ...data.map((one) => ({ data: one })),
      ...data.map((one) => ({ data: one, client, bar: { step: 2, total: 5 }, ref: 'P7K-42M' })),
      ...errors.flatMap((one) => data.map((facts) => ({ data: facts, errors: one }))),
    ];
    for (const language of ['fa', 'en'] as const) {
      for (const locals of shown) {
        const html = s.app.pages.html(view, language, locals);
        assert.ok(html.includes(`<html lang="${language}" dir="${language === 'fa' ? 'rtl' : 'ltr'}">`));
        const visible = html.replace(/<[^>]+>/g, ' ');
        assert.doesNotMatch(visible, /\b(interaction|account|common|error|links|documentTypes)\.[\w-]+\.?/, 'a missing text shows its key');
        assert.doesNotMatch(visible, /\{\w+\}|undefined|\[object/, 'a value is missing');
        for (const [field, error] of Object.entries(locals.errors ?? {})) {
          if (field === 'form') assert.match(html, /role="alert"/);
          else if (html.includes(`id="${field}"`)) assert.match(html, new RegExp(`id="${field}-error"`), `${field}: ${error.code}`);
        }
        const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
        assert.equal(new Set(ids).size, ids.length, 'an id stands twice');
      }
    }
  });
}
