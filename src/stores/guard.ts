import { ProfileError } from '#src/errors.ts';

type Call = (...parts: readonly unknown[]) => Promise<unknown>;

/** Makes every failure of a driver one explainable failure: the page says "unavailable", the cause stays for the log. Nothing is answered open. */
export function guarded<Port extends object>(port: Port): Port {
  return Object.fromEntries(
    Object.entries(port).map(([name, member]) => {
      if (name === 'roundTrips') return [name, member];
      if (typeof member === 'function') return [name, guardedCall(member.bind(port) as Call)];
      return [name, guarded(member as object)];
    }),
  ) as Port;
}

const guardedCall =
  (call: Call): Call =>
  async (...parts) => {
    try {
      return await call(...parts);
    } catch (cause) {
      if (cause instanceof ProfileError) throw cause;
      throw new ProfileError('unavailable', { cause, detail: { retryAfter: 30 } });
    }
  };
