import type { Context } from 'koa';
import { getCookie, setCookie } from '#src/http/cookies.ts';
import { identifierKey } from '#src/identity/identifier.ts';
import type { Clock, Identifier } from '#src/identity/ports.ts';
import type { Seal } from '#src/identity/seal.ts';
import type { Limits } from '#src/limits.ts';

/**
 * A browser remembers, sealed, who signed in with it: strangers who type that person's code elsewhere then cannot lock them out here.
 * It proves nothing; the password is asked all the same.
 */
export type KnownBrowsers = ReturnType<typeof createKnownBrowsers>;

const COOKIE = 'browser';
const CONTEXT = 'known-browser';
/** A family's computer, not an office's: the oldest leaves first. */
const PEOPLE = 5;
type Entry = readonly [person: string, at: number];

export function createKnownBrowsers({ seal, keyed, now, limits }: { seal: Seal; keyed: (text: string) => string; now: Clock; limits: Limits }) {
  const read = (ctx: Context): readonly Entry[] => {
    const cookie = getCookie(ctx, COOKIE);
    const text = cookie ? seal.open(cookie, CONTEXT) : undefined;
    const entries = text ? (JSON.parse(text) as Entry[]) : [];
    return entries.filter(([, at]) => at > now() - limits.knownBrowserLifetime * 1000);
  };
  const nameOf = (person: string): string => keyed(`browser:${person}`).slice(0, 22);

  return {
    knows: (ctx: Context, person: string): boolean => read(ctx).some(([name]) => name === nameOf(person)),
    remember(ctx: Context, identifier: Identifier): void {
      const name = nameOf(identifierKey(identifier));
      const entries: Entry[] = [[name, now()], ...read(ctx).filter(([known]) => known !== name)];
      setCookie(ctx, COOKIE, seal.seal(JSON.stringify(entries.slice(0, PEOPLE)), CONTEXT), limits.knownBrowserLifetime);
    },
  };
}
