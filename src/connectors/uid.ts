import { z } from 'zod';
import { isoOfJalali, jalaliText } from '#src/identity/birth-date.ts';
import { localMobile } from '#src/identity/mobile.ts';
import { cleanName } from '#src/identity/name.ts';
import type { IdentityRegistry, InquiryOutcome, MobileOwnership, RegistryRecord, Trace } from '#src/identity/ports.ts';
import type { Call, Reply } from './http-call.ts';

/**
 * The inquiry gateway UID (json-api.uid.ir, forms of v1.1): mobile ownership, the civil registry, the register of foreign residents. Credentials
 * stand in the body. The meaning of its status codes beyond 0 is our reading of its documentation; an unknown one is `unavailable`, never a mismatch.
 */
export type UidSettings = {
  readonly businessId: string;
  readonly businessToken: string /** What a foreign national's SIM is registered under. */;
  readonly foreignOwnershipKey: 'document' | 'fida';
};

const envelope = z.object({
  responseContext: z.object({ status: z.object({ code: z.number(), message: z.string().optional() }), requestId: z.string().optional() }),
});

/** Status codes of `responseContext.status.code`. */
const STATUS: Readonly<Record<number, InquiryOutcome>> = { 0: 'match', 3: 'invalid-input', 4: 'not-found', 5: 'needs-office' };

type Read<Body> = ({ readonly outcome: 'match'; readonly body: Body } | { readonly outcome: Exclude<InquiryOutcome, 'match'> }) & Trace;

function read<Body>(reply: Reply, schema: z.ZodType<Body>): Read<Body> {
  if (!reply.ok) return { outcome: 'unavailable', providerCode: reply.reason };
  if (reply.status >= 400) return { outcome: 'unavailable', providerCode: `http-${reply.status}` };
  const head = envelope.safeParse(reply.body);
  if (!head.success) return { outcome: 'unavailable', providerCode: 'unexpected-form' };
  const { status, requestId } = head.data.responseContext;
  const trace: Trace = { providerCode: String(status.code), ...(requestId ? { traceId: requestId } : {}) };
  const outcome = STATUS[status.code] ?? 'unavailable';
  if (outcome !== 'match') return { outcome, ...trace };
  const body = schema.safeParse(reply.body);
  return body.success ? { outcome, body: body.data, ...trace } : { outcome: 'unavailable', ...trace, providerCode: 'unexpected-form' };
}

const context = ({ businessId, businessToken }: UidSettings): object => ({ requestContext: { apiInfo: { businessId, businessToken } } });

const ownershipReply = z.object({ isMatched: z.boolean() });

export const uidMobileOwnership = (call: Call, settings: UidSettings): MobileOwnership => ({
  async match({ identifier, mobile, documentNumber }) {
    const byDocument = identifier.kind === 'foreign' && settings.foreignOwnershipKey === 'document' && documentNumber;
    const reply = await call('/api/inquiry/mobile/owner/v2', {
      json: { ...context(settings), nationalId: byDocument ? documentNumber : identifier.value, mobileNumber: localMobile(mobile) },
    });
    const answer = read(reply, ownershipReply);
    if (answer.outcome !== 'match') return answer;
    const { body, ...trace } = answer;
    return { ...trace, outcome: body.isMatched ? 'match' : 'mismatch' };
  },
});

const optional = z.string().nullish();
const personReply = z.object({
  basicInformation: z.object({ firstName: z.string(), lastName: z.string(), fatherName: z.string(), gender: optional }),
  // The gateway itself spells it "shenasnamehNumber".
  identificationInformation: z.object({ birthDate: z.string(), shenasnamehNumber: optional, shenasnameSeri: optional, shenasnameSerial: optional }),
  registrationStatus: z.object({ deathStatus: optional }).nullish(),
});

const residentReply = z.object({
  realForeigner: z.object({
    firstName: z.string(),
    lastName: z.string(),
    fatherName: z.string(),
    firstNameEn: optional,
    lastNameEn: optional,
    birthDate: z.string(),
    gender: optional,
    nationality: optional,
  }),
});

const GENDER: Readonly<Record<string, 'male' | 'female'>> = { GENDER_MALE: 'male', GENDER_FEMALE: 'female' };
const DEAD = /dead|فوت|متوفی/i;
/** The gateway's number of a natural person among the kinds of foreigners. */
const NATURAL_FOREIGNER = 1;

export const uidIdentityRegistry = (call: Call, settings: UidSettings): IdentityRegistry => ({
  async look({ identifier, birthDate }) {
    if (identifier.kind === 'foreign') {
      const reply = await call('/api/inquiry/foreign/residency', {
        json: { ...context(settings), foreignerType: NATURAL_FOREIGNER, identificationId: identifier.value },
      });
      return answerOf(read(reply, residentReply), ({ realForeigner }) => residentOf(realForeigner));
    }
    const reply = await call('/api/inquiry/person', { json: { ...context(settings), nationalId: identifier.value, birthDate: jalaliText(birthDate) } });
    const answer = read(reply, personReply);
    if (answer.outcome === 'match' && DEAD.test(answer.body.registrationStatus?.deathStatus ?? '')) return { ...traceOf(answer), outcome: 'deceased' };
    return answerOf(answer, personOf);
  },
});

function answerOf<Body>(answer: Read<Body>, record: (body: Body) => RegistryRecord | undefined) {
  if (answer.outcome === 'mismatch') return { ...traceOf(answer), outcome: 'unavailable' as const };
  if (answer.outcome !== 'match') return answer as { outcome: Exclude<InquiryOutcome, 'match' | 'mismatch'> } & Trace;
  const known = record(answer.body);
  return known ? { ...traceOf(answer), outcome: 'match' as const, record: known } : { ...traceOf(answer), outcome: 'unavailable' as const };
}

const traceOf = ({ providerCode, traceId }: Trace): Trace => ({ ...(providerCode ? { providerCode } : {}), ...(traceId ? { traceId } : {}) });

function personOf({ basicInformation: basic, identificationInformation: identification }: z.infer<typeof personReply>): RegistryRecord | undefined {
  const birthDate = isoOfAny(identification.birthDate);
  if (!birthDate) return undefined;
  const gender = GENDER[basic.gender ?? ''];
  return {
    firstName: cleanName(basic.firstName),
    lastName: cleanName(basic.lastName),
    fatherName: cleanName(basic.fatherName),
    birthDate,
    ...(identification.shenasnamehNumber ? { certificateNumber: identification.shenasnamehNumber } : {}),
    ...(identification.shenasnameSeri ? { certificateSeries: identification.shenasnameSeri } : {}),
    ...(identification.shenasnameSerial ? { certificateSerial: identification.shenasnameSerial } : {}),
    ...(gender ? { gender } : {}),
    nationality: 'IR',
  };
}

function residentOf(resident: z.infer<typeof residentReply>['realForeigner']): RegistryRecord | undefined {
  const birthDate = isoOfAny(resident.birthDate);
  if (!birthDate) return undefined;
  const gender = GENDER[resident.gender ?? ''];
  return {
    firstName: cleanName(resident.firstName),
    lastName: cleanName(resident.lastName),
    fatherName: cleanName(resident.fatherName),
    birthDate,
    ...(gender ? { gender } : {}),
    ...(resident.nationality ? { nationality: resident.nationality } : {}),
    ...(resident.firstNameEn ? { firstNameLatin: resident.firstNameEn } : {}),
    ...(resident.lastNameEn ? { lastNameLatin: resident.lastNameEn } : {}),
  };
}

/** Registries write Jalali dates; the register of foreigners often a Gregorian one. */
const isoOfAny = (text: string): string | undefined => isoOfJalali(text) ?? (/^(19|20)\d\d-\d\d-\d\d$/.test(text) ? text : undefined);
