import { parseFidaCode } from './fida-code.ts';
import { parseNationalCode } from './national-code.ts';
import type { Identifier } from './ports.ts';

/**
 * «کد ملی / کد فیدا» in one field: ten digits that pass the sum are a national code, else a FIDA code by its length. Undefined when it is neither.
 * Accounts are keyed by kind and value, so a ten-digit FIDA code never meets a national code.
 */
export function parseIdentifier(text: string, fidaLengths: readonly number[], allow: readonly string[] = []): Identifier | undefined {
  const national = parseNationalCode(text, allow);
  if (national.ok) return { kind: 'national', value: national.value };
  const foreign = parseFidaCode(text, fidaLengths);
  return foreign.ok ? { kind: 'foreign', value: foreign.value } : undefined;
}

export const identifierKey = ({ kind, value }: Identifier): string => `${kind}:${value}`;
