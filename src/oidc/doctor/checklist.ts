import type { ClientRegistration } from './facts.ts';
import type { Values } from './findings.ts';

/** What was really seen of a client, not what it promises: the newest request decides. `at` is milliseconds. */
export const SEEN = ['state', 'nonce', 'pkce', 'exact-redirect', 'logout', 'back-channel', 'refresh-rotation', 'success'] as const;
export type SeenName = (typeof SEEN)[number];
export type Seen = { readonly [name in SeenName]?: { readonly ok: boolean; readonly at: number } };

/** `detail.code` picks the text `doctor.checklist.details.<code>`. */
export type ChecklistRow = { readonly item: string; readonly ok: boolean; readonly detail: { readonly code: string; readonly values: Values } };
export type Checklist = { readonly rows: readonly ChecklistRow[]; readonly met: number; readonly of: number };

const LOOPBACK = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/?#]|$)/i;
const OWN_SCHEME = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/i;

/** What a client should have shown before it goes live. Pure. */
export function goLiveChecklist(client: ClientRegistration, seen: Seen): Checklist {
  const signsIn = client.responseTypes.length > 0;
  const addresses = [...client.redirectUris, ...client.postLogoutRedirectUris];
  const rows = [
    ...(signsIn ? signInRows(client, seen) : []),
    none('no-loopback', addresses, (uri) => LOOPBACK.test(uri)),
    client.grantTypes.includes('refresh_token')
      ? observed('refresh-rotation', seen['refresh-rotation'])
      : { item: 'refresh-rotation', ok: true, detail: { code: 'not-needed', values: {} } },
    lastSuccess(seen.success),
  ];
  return { rows, met: rows.filter(({ ok }) => ok).length, of: rows.length };
}

/** Of a client whose registration contradicts itself: nothing else can be seen before that is mended. `description`: what is wrong. */
export const unusableChecklist = (description: string): Checklist => ({
  rows: [{ item: 'registration', ok: false, detail: { code: 'registration-wrong', values: { description } } }],
  met: 0,
  of: 1,
});

const signInRows = (client: ClientRegistration, seen: Seen): readonly ChecklistRow[] => [
  none('https-redirects', client.redirectUris, (uri) => !uri.startsWith('https://') && !(client.native && OWN_SCHEME.test(uri))),
  ...(['exact-redirect', 'pkce', 'state', 'nonce', 'logout'] as const).map((name) => observed(name, seen[name])),
  backChannel(client, seen['back-channel']),
];

function none(item: string, uris: readonly string[], wrong: (uri: string) => boolean): ChecklistRow {
  const bad = uris.filter(wrong);
  return bad.length
    ? { item, ok: false, detail: { code: 'addresses', values: { addresses: bad.join(' ') } } }
    : { item, ok: true, detail: { code: 'fine', values: {} } };
}

function observed(item: SeenName, sight: Seen[SeenName]): ChecklistRow {
  if (!sight) return { item, ok: false, detail: { code: 'never', values: {} } };
  return { item, ok: sight.ok, detail: { code: sight.ok ? 'seen' : 'last-without', values: { at: new Date(sight.at).toISOString() } } };
}

function backChannel({ backChannelUri }: ClientRegistration, sight: Seen[SeenName]): ChecklistRow {
  const item = 'back-channel';
  if (!backChannelUri) return { item, ok: false, detail: { code: 'not-registered', values: {} } };
  if (!sight) return { item, ok: false, detail: { code: 'not-tested', values: { uri: backChannelUri } } };
  if (!sight.ok) return { item, ok: false, detail: { code: 'notice-failed', values: { at: new Date(sight.at).toISOString(), uri: backChannelUri } } };
  return observed(item, sight);
}

function lastSuccess(sight: Seen[SeenName]): ChecklistRow {
  return sight
    ? { item: 'success', ok: true, detail: { code: 'last-success', values: { at: new Date(sight.at).toISOString() } } }
    : { item: 'success', ok: false, detail: { code: 'never', values: {} } };
}
