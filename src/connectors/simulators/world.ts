import type { ServerResponse } from 'node:http';
import type { Clock } from '#src/identity/ports.ts';
import type { Failures } from './failures.ts';
import type { SyntheticPerson } from './people.ts';

/** A registry as it really is: well, slow, down, or closed for the night. */
export const REGISTRY_STATES = ['normal', 'slow', 'down', 'night'] as const;
export type RegistryState = (typeof REGISTRY_STATES)[number];
export type SimulatedSms = { readonly to: string; readonly text: string; readonly at: string; readonly localId?: string };
/** What an integrator's sandbox adds to the simulators. */
export type SandboxControls = {
  readonly clock: { /** How far ahead of the real clock this process is, in seconds. */ ahead(): number; advance(seconds: number): void };
  readonly failures: Failures;
  /** Of every account that exists from the start. */
  readonly password: string;
  /** The clients that may be given errors. */
  readonly clients: readonly string[];
};
/** Where the simulated outside is tried: addresses without a slash at the end. */
export type Places = { readonly issuer: string; readonly eservice: string };
export type World = {
  readonly places?: Places;
  readonly sandbox?: SandboxControls;
  readonly people: readonly SyntheticPerson[];
  readonly inbox: SimulatedSms[];
  readonly state: { registry: RegistryState; ownership: RegistryState; sms: 'normal' | 'down' };
  readonly now: Clock;
  /** How long `slow` takes, in milliseconds. */
  readonly slowMs: number;
};
/** +98912…, 98912…, 0912… are one number. A plus sign in a query arrives as a space. */
export const localNumber = (text: string): string =>
  text
    .trim()
    .replace(/^(\+|00)?98(?=9)/, '0')
    .replace(/^(?=9\d{9}$)/, '0');

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }).end(JSON.stringify(value));
}
