/**
 * A script may call for a client from the origins registered for it; a public client's redirect addresses are such origins. The address of an
 * installed application (`com.example.app:/callback`) has none: its origin is written "null", as is that of every sandboxed frame.
 */
export function mayCall(origin: string, client: { readonly [field: string]: unknown }): boolean {
  if (origin === 'null') return false;
  const registered = (client['allowed_origins'] as string[] | undefined) ?? [];
  const own = client['clientAuthMethod'] === 'none' ? ((client['redirectUris'] as string[] | undefined) ?? []) : [];
  return [...registered, ...own].some((address) => URL.canParse(address) && new URL(address).origin === origin);
}
