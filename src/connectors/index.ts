/**
 * connectors/ is the outside: one file a provider, one port a kind, and simulators that answer in the same forms over a socket. They translate; the
 * domain judges. None of them throws, and an outside system that does not answer is `unavailable`, never a mismatch.
 */
import type { Clock, Connectors } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import { createBreaker } from './breaker.ts';
import { createCall } from './http-call.ts';
import { type KavenegarSettings, kavenegarSms } from './kavenegar-sms.ts';
import { type UidSettings, uidIdentityRegistry, uidMobileOwnership } from './uid.ts';

export type ConnectorSettings = { readonly uid: UidSettings & { readonly url: string }; readonly kavenegar: KavenegarSettings & { readonly url: string } };
type Note = (event: string, fields: Readonly<Record<string, unknown>>) => void;

export function createConnectors({ uid, kavenegar }: ConnectorSettings, { now, limits, note }: { now: Clock; limits: Limits; note: Note }): Connectors {
  // Each system rests for itself: a registry that is closed at night does not silence the operators' register.
  const callTo = (baseUrl: string) =>
    createCall({
      baseUrl,
      timeoutMs: limits.connectorTimeout * 1000,
      breaker: createBreaker({ failures: limits.breakerFailures, restSeconds: limits.breakerRest, now }),
    });
  const ownership = uidMobileOwnership(callTo(uid.url), uid);
  const registry = uidIdentityRegistry(callTo(uid.url), uid);
  return {
    ownership: { match: noted('ownership', ownership.match, note, now) },
    registry: { look: noted('registry', registry.look, note, now) },
    sms: { send: noted('sms', kavenegarSms(callTo(kavenegar.url), kavenegar).send, note, now) },
  };
}

/** One line a call: which, how it ended, the provider's code, how long. Nothing of the person. */
function noted<Question, Answer extends { readonly outcome: string; readonly providerCode?: string; readonly traceId?: string }>(
  kind: string,
  ask: (question: Question) => Promise<Answer>,
  note: Note,
  now: Clock,
): (question: Question) => Promise<Answer> {
  return async (question) => {
    const start = now();
    const answer = await ask(question);
    note('connector', { kind, outcome: answer.outcome, providerCode: answer.providerCode, traceId: answer.traceId, milliseconds: now() - start });
    return answer;
  };
}
