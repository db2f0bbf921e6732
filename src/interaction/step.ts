import type { z } from 'zod';
import type { Policy } from '#src/config.ts';
import type { Language, Translate } from '#src/http/locale.ts';
import type { Errors } from '#src/http/page.ts';
import type { Limiter } from '#src/identity/limiter.ts';
import type { Codes } from '#src/identity/one-time-code.ts';
import type { Hasher } from '#src/identity/password.ts';
import type { Clock, Connectors, Durable } from '#src/identity/ports.ts';
import type { Seal } from '#src/identity/seal.ts';
import type { SmsDispatch } from '#src/identity/sms-dispatch.ts';
import type { Limits } from '#src/limits.ts';
import type { Demand } from '#src/oidc/bridge.ts';
import type { ClientFacts } from '#src/oidc/clients.ts';
import type { ApiNames } from './consent-claims.ts';
import type { StepName } from './next-step.ts';
import type { Progress } from './progress.ts';

/** What every step may ask for; the composition root supplies it. */
export type Services = {
  readonly durable: Durable;
  readonly connectors: Connectors;
  readonly codes: Codes;
  readonly limiter: Limiter;
  readonly hasher: Hasher;
  readonly sms: SmsDispatch;
  /** Wakes the delivery of owed messages; they go out anyway, a little later. */
  readonly nudge: () => void;
  readonly seal: Seal;
  readonly now: Clock;
  readonly limits: Limits;
  readonly policy: Policy;
  /** Host that an SMS names in its last line, so that a browser fills the code in only there. */
  readonly host: string;
  readonly supportPhone: string;
};

/** One request to one step. */
export type Turn = Services & {
  readonly progress: Progress;
  readonly demand: Demand;
  readonly uid: string;
  /** Network address of the browser. */
  readonly address: string;
  readonly language: Language;
  readonly t: Translate;
  readonly client?: ClientFacts;
  /** Whether the person (identifier key) has signed in with this browser before. */
  readonly knows: (person: string) => boolean;
  /** Names and scopes of a registered API. */
  readonly api: (identifier: string) => Promise<ApiNames | undefined>;
  /** Address that continues on another path of this visit. */
  readonly go: (path: Progress['path']) => string;
  readonly loginHint?: string;
  /** A sign-up that this browser left unfinished. */
  readonly draft?: Progress;
};

export type Answer = { readonly progress: Progress } | { readonly errors: Errors };

/** A page that asks for something: one file, one view, one block of texts. */
export type Step<Values = unknown> = {
  readonly name: StepName;
  readonly form: z.ZodType<Values>;
  /** Fields that are shown again when the person comes back to the page. */
  readonly keep?: readonly string[];
  /** What the view shows beside its texts. */
  show?(turn: Turn): Promise<object> | object;
  /** Runs before the page is shown; for what must have happened, such as a code that was sent. */
  enter?(turn: Turn): Promise<Progress | undefined>;
  /** The primary button. */
  submit(turn: Turn, values: Values): Promise<Answer> | Answer;
  /** The other buttons, by the value they post as `action`. */
  readonly actions?: Readonly<Record<string, (turn: Turn, values: Values) => Promise<Answer> | Answer>>;
};

export type AnyStep = Omit<Step, 'form' | 'submit' | 'actions'> & {
  readonly form: z.ZodType;
  submit(turn: Turn, values: never): Promise<Answer> | Answer;
  readonly actions?: Readonly<Record<string, (turn: Turn, values: never) => Promise<Answer> | Answer>>;
};
export const step = <Values>(definition: Step<Values>): AnyStep => definition;
