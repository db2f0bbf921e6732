import { formatDate } from '#src/http/locale.ts';
import { maskMobile } from '#src/identity/mobile.ts';
import type { Turn } from './step.ts';

type Row = { readonly label: string; readonly value: string; readonly code?: boolean };
export type Block = { readonly edit: string; readonly rows: readonly Row[] };

/** Everything entered, masked where needed, one block for each page it came from. Labels are keys below interaction.sign-up-review. */
export function reviewBlocks({ progress, language, t }: Turn): readonly Block[] {
  const { contact, identity, email } = progress.signUp;
  if (!contact || !identity) return [];
  const { person } = identity;
  const optional = (label: string, value: string | undefined, code = false): Row[] => (value ? [{ label, value, ...(code ? { code } : {}) }] : []);
  return [
    {
      edit: 'identifier',
      rows: [
        { label: contact.identifier.kind === 'national' ? 'nationalCode' : 'fidaCode', value: contact.identifier.value, code: true },
        ...optional('documentType', contact.documentType ? t(`documentTypes.${contact.documentType}`) : undefined),
        ...optional('documentNumber', contact.documentNumber, true),
        { label: 'mobile', value: maskMobile(contact.mobile), code: true },
      ],
    },
    {
      edit: 'identity',
      rows: [
        { label: 'name', value: `${person.firstName} ${person.lastName}` },
        { label: 'fatherName', value: person.fatherName },
        { label: 'birthDate', value: formatDate(language, person.birthDate) },
        ...optional('certificateNumber', person.certificateNumber, true),
      ],
    },
    {
      edit: 'email',
      rows: email?.address ? [{ label: 'email', value: email.address, code: true }] : [{ label: 'email', value: t('interaction.sign-up-review.none') }],
    },
    { edit: 'password', rows: [{ label: 'password', value: '••••••••••••' }] },
  ];
}
