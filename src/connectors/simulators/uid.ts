import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { SyntheticPerson } from './people.ts';
import { json, localNumber, type RegistryState, type World } from './world.ts';

type Question = {
  readonly nationalId?: string;
  readonly mobileNumber?: string;
  readonly birthDate?: string;
  readonly identificationId?: string;
  readonly requestContext?: { apiInfo?: { businessId?: string; businessToken?: string } };
};

let lastRequest = 0;
const status = (code: number, message: string): object => {
  lastRequest += 1;
  return { responseContext: { status: { code, message, details: [] }, requestId: `sim-${lastRequest}`, correlationId: '' } };
};
const OK = 0;
const INVALID = 3;
const NOT_FOUND = 4;
const VISIT_OFFICE = 5;
const OUT_OF_HOURS = 12;
const BAD_CREDENTIALS = 2;

/** Answers like UID, over the socket: the paths, the envelope, the spelling. */
export async function uidAnswer(world: World, path: string, body: string, response: ServerResponse): Promise<void> {
  const question = JSON.parse(body || '{}') as Question;
  const info = question.requestContext?.apiInfo;
  if (!info?.businessId || !info.businessToken) return json(response, status(BAD_CREDENTIALS, 'دسترسی نامعتبر است'));
  const answer = ANSWERS[path];
  if (!answer) return json(response, { message: 'not found' }, 404);
  const state = world.state[path.includes('/mobile/') ? 'ownership' : 'registry'];
  if (await isIll(world, state, response)) return;
  json(response, answer(world, question));
}

async function isIll(world: World, state: RegistryState, response: ServerResponse): Promise<boolean> {
  if (state === 'slow') await pause(world.slowMs);
  if (state === 'down') json(response, { message: 'bad gateway' }, 502);
  if (state === 'night') json(response, status(OUT_OF_HOURS, 'login.time.diny'));
  return state === 'down' || state === 'night';
}

const ANSWERS: Readonly<Record<string, (world: World, question: Question) => object>> = {
  '/api/inquiry/mobile/owner/v2': ({ people }, { nationalId = '', mobileNumber = '' }) => {
    const person = people.find(({ code, documentNumber }) => code === nationalId || documentNumber === nationalId);
    if (!/^[A-Z0-9]{4,20}$/i.test(nationalId)) return { isMatched: false, ...status(INVALID, 'کدملی نامعتبر است') };
    const own = person?.ownMobile ?? person?.mobile;
    return { isMatched: own !== undefined && own === localNumber(mobileNumber), ...status(OK, 'موفق') };
  },
  '/api/inquiry/person': ({ people }, { nationalId, birthDate }) => {
    const person = people.find(({ code, story }) => code === nationalId && story !== 'foreign');
    if (!person || person.birthDate !== birthDate) return status(NOT_FOUND, 'err.record.not.found');
    // Closed for this person only: a failed call would make the breaker silence the registry for everybody.
    if (person.story === 'registry-down') return status(OUT_OF_HOURS, 'login.time.diny');
    if (person.story === 'needs-office') return status(VISIT_OFFICE, 'result.rec.review');
    return { ...recordOf(person), ...status(OK, 'موفق') };
  },
  '/api/inquiry/foreign/residency': ({ people }, { identificationId }) => {
    const person = people.find(({ code, story }) => code === identificationId && story === 'foreign');
    if (!person) return status(NOT_FOUND, 'err.record.not.found');
    return {
      realForeigner: {
        firstName: asRegistryWrites(person.firstName),
        lastName: asRegistryWrites(person.lastName),
        fatherName: asRegistryWrites(person.fatherName),
        firstNameEn: person.firstNameLatin?.toUpperCase(),
        lastNameEn: person.lastNameLatin?.toUpperCase(),
        birthDate: person.birthDate,
        gender: person.gender === 'female' ? 'GENDER_FEMALE' : 'GENDER_MALE',
        nationality: person.nationality,
        identificationCode: person.code,
      },
      ...status(OK, 'موفق'),
    };
  },
};

function recordOf(person: SyntheticPerson): object {
  return {
    basicInformation: {
      firstName: asRegistryWrites(person.firstName),
      lastName: asRegistryWrites(person.lastName),
      fatherName: asRegistryWrites(person.fatherName),
      gender: person.gender === 'female' ? 'GENDER_FEMALE' : 'GENDER_MALE',
    },
    identificationInformation: {
      nationalId: person.code,
      birthDate: person.birthDate,
      shenasnameSeri: 'ا30',
      shenasnameSerial: '123456',
      shenasnamehNumber: person.registryCertificateNumber,
    },
    registrationStatus: { deathStatus: person.story === 'deceased' ? 'DEAD' : 'ALIVE' },
    officeInformation: { officeCode: '1', officeName: 'تهران' },
  };
}

/** Registries write Arabic yeh and kaf, and drop spaces and half-spaces. */
const asRegistryWrites = (name: string): string =>
  name
    .replace(/ی/g, 'ي')
    .replace(/ک/g, 'ك')
    .replace(/[\s\u200c]/g, '');
