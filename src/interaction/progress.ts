import type { Authentication } from '#src/identity/assurance.ts';
import { identifierKey } from '#src/identity/identifier.ts';
import type { Identifier, Person, PersonKind } from '#src/identity/ports.ts';

/**
 * What has become known during one visit: facts that a step verified, and beside them what was typed, so that nothing typed is lost.
 * Steps add to it; they never say where to go. It is kept sealed.
 */
export type Progress = {
  readonly path: Path;
  /** Whose authentication this is. Never shown to the relying party before the visit is finished. */
  readonly subject?: string;
  readonly authentications: readonly Authentication[];
  /** Many wrong passwords over all networks: the password alone is not enough. */
  readonly protect?: boolean;
  readonly notice?: 'recovered';
  /** The last one-time code: for which purpose and when, in milliseconds. */
  readonly codeSent?: { readonly purpose: string; readonly at: number };
  readonly recovery?: Recovery;
  readonly signUp: SignUp;
  readonly decision?: 'allow' | 'deny';
  /** By step, then by field. Never a password or a code. */
  readonly typed: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

export type Path = 'sign-in' | 'sign-up' | 'recover';

export type Recovery = {
  readonly identifier: Identifier;
  /** Set when the code was redeemed; the page that sets a password needs it. */
  readonly proven?: { readonly subject: string };
};

export type Contact = { readonly identifier: Identifier; readonly mobile: string; readonly documentType?: string; readonly documentNumber?: string };
export type Notice = 'not-owner' | 'exists' | 'deceased' | 'needs-office' | 'too-many';

export type SignUp = {
  readonly kind?: PersonKind;
  readonly contact?: Contact;
  /** Contact (see `contactKey`) whose mobile answered with its code. */
  readonly proven?: string;
  /** Contact whose mobile is the person's own and who has no account yet. */
  readonly owned?: string;
  readonly notice?: { readonly kind: Notice; readonly retryAfter?: number };
  /** The register that was asked did not answer. */
  readonly waiting?: { readonly asked: boolean; readonly since: number };
  /** Confirmed by the registry, for the identifier it names. */
  readonly identity?: { readonly of: string; readonly person: Person };
  readonly email?: { readonly address?: string };
  readonly password?: { readonly hash: string };
  readonly registered?: boolean;
  readonly done?: boolean;
};

export const NOTHING: Progress = { path: 'sign-in', authentications: [], signUp: {}, typed: {} };

/** Two contacts are the same when nothing that was proven about one needs proving again for the other. */
export const contactKey = (contact: Contact): string =>
  [identifierKey(contact.identifier), contact.mobile, contact.documentType ?? '', contact.documentNumber ?? ''].join('|');

/** Progress with changed sign-up facts; `undefined` removes a fact. */
export const withSignUp = (progress: Progress, facts: { readonly [fact in keyof SignUp]?: SignUp[fact] | undefined }): Progress => ({
  ...progress,
  signUp: Object.fromEntries(Object.entries({ ...progress.signUp, ...facts }).filter(([, value]) => value !== undefined)) as SignUp,
});
