import { identifierKey } from './identifier.ts';
import type { Account, Identifier, OwedMessage } from './ports.ts';

/** Messages that are owed once a fact exists. The id keeps a message from being queued or sent twice. */
export const createdMessage = (identifier: Identifier, subject: string, to: string, text: string): OwedMessage => ({
  id: `created:${identifierKey(identifier).split(':')[0]}:${subject}`,
  to,
  text,
});
export const changedMessage = (account: Account, text: string, at: number): OwedMessage => ({
  id: `changed:${account.subject}:${at}`,
  to: account.mobile,
  text,
});
export const registryBackMessage = (id: string, to: string, text: string): OwedMessage => ({ id: `registry-back:${id}`, to, text });
