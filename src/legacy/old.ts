import type { Context } from 'koa';
import type { Clock, LegacyUses } from '#src/identity/ports.ts';
import type { Limits } from '#src/limits.ts';
import type { LegacyBridge, LegacyClient } from '#src/oidc/legacy-bridge.ts';
import type { LegacyForm } from '#src/oidc/legacy-terms.ts';

export type OldParts = { readonly bridge: LegacyBridge; readonly store: LegacyUses; readonly now: Clock; readonly limits: Limits };

/** Who used which forms, once the request stands as a standard one or is answered. */
export type Translated = { readonly client: LegacyClient; readonly forms: readonly LegacyForm[] };

/** One old endpoint. */
export type Old = {
  readonly methods: 'GET' | 'POST';
  /** May be called by a script of another origin. */
  readonly crossOrigin?: true;
  /**
   * Makes the request a standard one (and the library answers it), or answers it. Undefined when it was refused with an answer; throws when it was
   * refused with a page.
   */
  translate(ctx: Context, parts: OldParts): Promise<Translated | undefined>;
  /** The request is answered; the library is not asked. */
  readonly answers?: true;
};
