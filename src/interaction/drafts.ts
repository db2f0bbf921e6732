import { randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import { getCookie, setCookie } from '#src/http/cookies.ts';
import type { Ephemeral } from '#src/identity/ports.ts';
import type { Seal } from '#src/identity/seal.ts';
import type { Limits } from '#src/limits.ts';
import type { Progress } from './progress.ts';

/** A sign-up survives a closed tab on the same browser: sealed facts without the password, under a random name that a cookie keeps. */
export type Drafts = ReturnType<typeof createDrafts>;

const COOKIE = 'draft';
const keyOf = (id: string): string => `draft:${id}`;
const ID = /^[\w-]{22}$/;

export function createDrafts({ ephemeral, seal, limits }: { ephemeral: Ephemeral; seal: Seal; limits: Limits }) {
  const idOf = (ctx: Context): string | undefined => {
    const id = getCookie(ctx, COOKIE);
    return id && ID.test(id) ? id : undefined;
  };

  return {
    async find(ctx: Context): Promise<Progress | undefined> {
      const id = idOf(ctx);
      const sealed = id ? await ephemeral.get(keyOf(id)) : undefined;
      const text = sealed && id ? seal.open(sealed, id) : undefined;
      return text ? (JSON.parse(text) as Progress) : undefined;
    },

    /** Renews the lifetime with every step; a person who waits for the registry keeps it for a day. */
    async keep(ctx: Context, progress: Progress): Promise<void> {
      const { password: _, notice: __, registered, ...signUp } = progress.signUp;
      if (!signUp.contact || registered) return;
      const id = idOf(ctx) ?? randomBytes(16).toString('base64url');
      const seconds = signUp.waiting?.asked ? limits.waitingDraftLifetime : limits.draftLifetime;
      const draft: Progress = { path: 'sign-up', authentications: [], signUp, typed: progress.typed };
      await ephemeral.put(keyOf(id), seal.seal(JSON.stringify(draft), id), seconds);
      setCookie(ctx, COOKIE, id, seconds);
    },

    async drop(ctx: Context): Promise<void> {
      const id = idOf(ctx);
      if (!id) return;
      await ephemeral.drop([keyOf(id)]);
      setCookie(ctx, COOKIE, null);
    },
  };
}
