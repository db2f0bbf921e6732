import { randomUUID } from 'node:crypto';
import type { SyntheticPerson } from '#src/connectors/simulators/people.ts';
import { isoOfJalali } from '#src/identity/birth-date.ts';
import { identifierKey } from '#src/identity/identifier.ts';
import { createLimiter } from '#src/identity/limiter.ts';
import type { Clock, Durable, Ephemeral, Identifier } from '#src/identity/ports.ts';
import { createHmac256 } from '#src/identity/seal.ts';
import type { Limits } from '#src/limits.ts';

type Parts = {
  readonly people: readonly SyntheticPerson[];
  readonly durable: Durable;
  readonly ephemeral: Ephemeral;
  readonly dataSecret: string;
  readonly hash: (password: string) => Promise<string>;
  readonly password: string;
  readonly limits: Limits;
  readonly now: Clock;
};

/** One address of every network that a browser of this machine can come from. */
const LOOPBACK = ['127.0.0.1', '::1'];

/** Makes the accounts of the people who have one from the start, and lets the password of the locked ones wait for an hour. A second start makes no second account. */
export async function settlePeople({ people, durable, ephemeral, dataSecret, hash, password, limits, now }: Parts): Promise<void> {
  const passwordHash = await hash(password);
  for (const person of people) {
    await durable.accounts.create(
      {
        subject: randomUUID(),
        identifier: identifierOf(person),
        mobile: `+98${person.mobile.slice(1)}`,
        email: 'somebody@example.test',
        person: {
          firstName: person.firstName,
          lastName: person.lastName,
          fatherName: person.fatherName,
          birthDate: isoOfJalali(person.birthDate) ?? '',
          certificateNumber: person.certificateNumber,
          gender: person.gender,
          nationality: person.nationality,
        },
        passwordHash,
        disabled: person.story === 'disabled',
      },
      [],
      now(),
    );
  }
  // The server's own counters under its own keys; only the first wait is already the longest.
  const limiter = createLimiter({
    ephemeral,
    keyed: createHmac256(dataSecret, 'counters'),
    now,
    limits: { ...limits, passwordFirstWait: limits.passwordLongestWait },
  });
  for (const person of people.filter(({ story }) => story === 'locked')) {
    for (const address of LOOPBACK) {
      const who = { person: identifierKey(identifierOf(person)), address, known: false };
      while ((await limiter.signIn.ask(who)).allowed) await limiter.signIn.failed(who);
    }
  }
}

const identifierOf = ({ code }: SyntheticPerson): Identifier => ({ kind: 'national', value: code });
