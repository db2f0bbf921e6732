import { cleanCode } from './digits.ts';

/** What a foreign national may hold. An operator's register files a SIM under one of these, so the match needs the number. */
export const DOCUMENT_TYPES = ['passport', 'amayesh', 'residence', 'refugee', 'identity-card', 'temporary-card', 'work-permit'] as const;

/** Letters and digits, upper case; empty when it cannot be a document number. */
export function cleanDocumentNumber(text: string): string {
  const number = cleanCode(text).toUpperCase();
  return /^[A-Z0-9]{4,20}$/.test(number) ? number : '';
}
