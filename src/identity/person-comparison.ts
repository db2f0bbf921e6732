import { cleanCode } from './digits.ts';
import { foldName } from './name.ts';
import type { Identifier, RegistryRecord } from './ports.ts';

/** What a person says about themselves. */
export type Claim = {
  readonly firstName: string;
  readonly lastName: string;
  readonly fatherName: string;
  /** ISO Gregorian. */
  readonly birthDate: string;
  readonly certificateNumber?: string;
  readonly certificateSeries?: string;
  readonly certificateSerial?: string;
};

/** Whether the whole claim is the registry's record. Only the whole is answered: which field differs would tell a stranger the rest. */
export function matchesRegistry(identifier: Identifier, claim: Claim, record: RegistryRecord): boolean {
  const checks = [
    claim.birthDate === record.birthDate,
    sameName(claim.firstName, record.firstName, record.firstNameLatin),
    sameName(claim.lastName, record.lastName, record.lastNameLatin),
    sameName(claim.fatherName, record.fatherName),
    identifier.kind === 'foreign' || sameCertificate(identifier.value, claim, record),
  ];
  // Every check is made whatever the others say, so that the time tells nothing.
  return checks.every(Boolean);
}

/** A passport's Latin name is as good as the Persian one. */
const sameName = (typed: string, ...known: readonly (string | undefined)[]): boolean => {
  const folded = foldName(typed);
  return folded !== '' && known.some((name) => name !== undefined && foldName(name) === folded);
};

/** The registry writes 0, or nothing, for whoever's certificate number is the national code. */
function sameCertificate(nationalCode: string, claim: Claim, record: RegistryRecord): boolean {
  const typed = asNumber(claim.certificateNumber);
  const known = asNumber(record.certificateNumber);
  const own = asNumber(nationalCode);
  if (typed === undefined || typed === 0n) return false;
  const numberMatches = known === undefined || known === 0n || known === own ? typed === own : typed === known;
  const seriesMatches =
    claim.certificateSeries === undefined || !record.certificateSeries || foldSeries(claim.certificateSeries) === foldSeries(record.certificateSeries);
  const serialMatches =
    claim.certificateSerial === undefined || !record.certificateSerial || asNumber(claim.certificateSerial) === asNumber(record.certificateSerial);
  return numberMatches && seriesMatches && serialMatches;
}

const asNumber = (text: string | undefined): bigint | undefined => {
  const digits = cleanCode(text ?? '');
  return /^\d{1,20}$/.test(digits) ? BigInt(digits) : undefined;
};

/** «الف/۳۰», «ا30» and «30 ا» are one series. */
const foldSeries = (text: string): string => {
  const plain = foldName(cleanCode(text)).replace(/الف/g, 'ا');
  return `${plain.replace(/[^\d]/g, '')}${plain.replace(/[\d/\\]/g, '')}`;
};
