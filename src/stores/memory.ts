import type { Clock, Ephemeral } from '#src/identity/ports.ts';

type Entry = { value: string; until: number };
type Counter = { count: number; until: number };
type List = { values: readonly string[]; until: number };
type Group = { members: Set<string>; until: number };

const SWEEP_MS = 30_000;

/** The ephemeral port in this process, for the embedded mode and tests. One thread, so every method is atomic by itself. */
export function createMemory(now: Clock): Ephemeral {
  const entries = new Map<string, Entry>();
  const counters = new Map<string, Counter>();
  const groups = new Map<string, Group>();
  const lists = new Map<string, List>();
  let trips = 0;

  const live = <T extends { until: number }>(map: Map<string, T>, key: string): T | undefined => {
    const entry = map.get(key);
    if (!entry || entry.until > now()) return entry;
    map.delete(key);
    return undefined;
  };
  const countOf = (key: string): { count: number; resetIn: number } => {
    const counter = live(counters, key);
    return counter ? { count: counter.count, resetIn: Math.ceil((counter.until - now()) / 1000) } : { count: 0, resetIn: 0 };
  };
  const sweep = setInterval(() => {
    for (const map of [entries, counters, groups, lists] as Map<string, { until: number }>[]) {
      for (const [key, { until }] of map) if (until <= now()) map.delete(key);
    }
  }, SWEEP_MS).unref();

  return {
    async get(key) {
      trips += 1;
      return live(entries, key)?.value;
    },
    async getMany(keys) {
      trips += 1;
      return keys.map((key) => live(entries, key)?.value);
    },
    async follow(key, prefix) {
      trips += 1;
      const name = live(entries, key)?.value;
      return name === undefined ? undefined : live(entries, prefix + name)?.value;
    },
    async put(key, value, seconds, group) {
      trips += 1;
      const until = now() + seconds * 1000;
      entries.set(key, { value, until });
      if (group === undefined) return;
      const known = live(groups, group) ?? { members: new Set<string>(), until };
      known.members.add(key);
      known.until = Math.max(known.until, until);
      groups.set(group, known);
    },
    async create(key, value, seconds) {
      trips += 1;
      if (live(entries, key)) return false;
      entries.set(key, { value, until: now() + seconds * 1000 });
      return true;
    },
    async take(key) {
      trips += 1;
      const value = live(entries, key)?.value;
      entries.delete(key);
      return value;
    },
    async drop(keys) {
      trips += 1;
      for (const key of keys) {
        entries.delete(key);
        counters.delete(key);
        lists.delete(key);
      }
    },
    async dropGroup(group) {
      trips += 1;
      for (const key of groups.get(group)?.members ?? []) entries.delete(key);
      groups.delete(group);
    },
    async count(key, seconds) {
      trips += 1;
      const counter = live(counters, key) ?? { count: 0, until: now() + seconds * 1000 };
      counter.count += 1;
      counters.set(key, counter);
      return countOf(key);
    },
    async counts(keys) {
      trips += 1;
      return keys.map(countOf);
    },
    async append(key, value, most, seconds) {
      trips += 1;
      const values = [value, ...(live(lists, key)?.values ?? [])].slice(0, most);
      lists.set(key, { values, until: now() + seconds * 1000 });
    },
    async list(key) {
      trips += 1;
      return live(lists, key)?.values ?? [];
    },
    async ping() {},
    roundTrips: () => trips,
    async close() {
      clearInterval(sweep);
    },
  };
}
