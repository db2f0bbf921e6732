import { identifierKey } from '#src/identity/identifier.ts';
import type { CodeBinding } from '#src/identity/one-time-code.ts';
import type { Contact } from './progress.ts';

export const signUpBinding = (uid: string, { identifier, mobile }: Contact): CodeBinding => ({
  purpose: 'sign-up',
  uid,
  person: identifierKey(identifier),
  mobile,
});
