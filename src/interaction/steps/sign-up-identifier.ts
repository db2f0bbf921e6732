import { z } from 'zod';
import type { Errors, FieldError } from '#src/http/page.ts';
import { cleanDocumentNumber, DOCUMENT_TYPES } from '#src/identity/document.ts';
import { parseFidaCode } from '#src/identity/fida-code.ts';
import { parseMobile } from '#src/identity/mobile.ts';
import { parseNationalCode } from '#src/identity/national-code.ts';
import type { Identifier } from '#src/identity/ports.ts';
import { minutesOf, text } from '../fields.ts';
import { type Contact, contactKey, withSignUp } from '../progress.ts';
import { sendCode } from '../send-code.ts';
import { signUpBinding } from '../sign-up-binding.ts';
import { step, type Turn } from '../step.ts';

const form = z.object({ nationalCode: text, fidaCode: text, documentType: text, documentNumber: text, mobile: text });
type Values = z.infer<typeof form>;

/**
 * Format and limits only. Whose number it is and whether an account exists is asked after the mobile answered with its code, so that the form
 * tells a stranger neither.
 */
export const signUpIdentifier = step({
  name: 'sign-up-identifier',
  form,
  keep: ['nationalCode', 'fidaCode', 'documentType', 'documentNumber', 'mobile'],

  show: ({ progress }) => ({ kind: progress.signUp.kind, documentTypes: DOCUMENT_TYPES }),

  async submit(turn, values) {
    const parsed = turn.progress.signUp.kind === 'foreign' ? parseForeign(turn, values) : parseNational(turn, values);
    if ('errors' in parsed) return parsed;
    const { contact } = parsed;
    const { signUp } = turn.progress;
    const before = signUp.contact;
    // A changed person or number starts the later proofs again; the same ones keep them, so an edit returns to the review.
    const changed = before !== undefined && contactKey(before) !== contactKey(contact);
    const progress = withSignUp(turn.progress, { contact, notice: undefined, waiting: undefined, ...(changed ? { password: undefined } : {}) });
    if (signUp.proven === contactKey(contact)) return { progress };

    const sent = await sendCode({ ...turn, progress }, { binding: signUpBinding(turn.uid, contact), to: contact.mobile, counted: contact.mobile });
    if ('retryAfter' in sent) return { errors: { mobile: { code: 'rate', minutes: minutesOf(sent.retryAfter) } } };
    return sent;
  },

  actions: { previous: ({ progress }) => ({ progress: withSignUp(progress, { kind: undefined }) }) },
});

type Parsed = { readonly contact: Contact } | { readonly errors: Errors };

function parseNational(turn: Turn, { nationalCode, mobile }: Values): Parsed {
  const code = parseNationalCode(nationalCode, turn.policy.nationalCodesAllowed);
  return contactOf(
    code.ok ? { kind: 'national', value: code.value } : undefined,
    mobile,
    {},
    {
      ...(code.ok ? {} : { nationalCode: { code: code.problem, ...(code.suggestion ? { suggestion: code.suggestion } : {}) } }),
    },
  );
}

function parseForeign(turn: Turn, { fidaCode, documentType, documentNumber, mobile }: Values): Parsed {
  const code = parseFidaCode(fidaCode, turn.policy.fidaLengths);
  const number = cleanDocumentNumber(documentNumber);
  const knownType = DOCUMENT_TYPES.some((type) => type === documentType);
  return contactOf(
    code.ok ? { kind: 'foreign', value: code.value } : undefined,
    mobile,
    { documentType, documentNumber: number },
    {
      ...(code.ok ? {} : { fidaCode: { code: code.problem } }),
      ...(knownType ? {} : { documentType: { code: 'required' } }),
      ...(number ? {} : { documentNumber: { code: documentNumber.trim() ? 'incorrect' : 'required' } }),
    },
  );
}

function contactOf(
  identifier: Identifier | undefined,
  typedMobile: string,
  document: { documentType?: string; documentNumber?: string },
  problems: Record<string, FieldError>,
): Parsed {
  const mobile = parseMobile(typedMobile);
  if (identifier && mobile.ok && !Object.keys(problems).length) return { contact: { identifier, mobile: mobile.value, ...document } };
  return { errors: { ...problems, ...(mobile.ok ? {} : { mobile: { code: mobile.problem } }) } };
}
