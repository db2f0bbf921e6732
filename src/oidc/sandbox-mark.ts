/** What tells a sandbox's cookies, keys and tokens from a real server's, in one place. */
export const sandboxMark = {
  cookiePrefix: 'sandbox-',
  keyPrefix: 'sandbox-',
  /** In ID tokens, at userinfo and in the answers of introspection. */
  claims: { sandbox: true },
  /** An integrator's key set is on their own laptop; the library's dispatcher closes every connection to a loopback address. */
  fetch: (url: string | URL | Request, options: RequestInit = {}): Promise<Response> => {
    const { dispatcher: _, ...rest } = options as RequestInit & { dispatcher?: unknown };
    return fetch(url, rest);
  },
} as const;
