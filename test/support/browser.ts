/** A browser without a script: cookies, redirects, forms. It stops where it is sent to another origin. */
export type Page = { readonly url: string; readonly status: number; readonly text: string; readonly headers: Headers };

export class Browser {
  readonly #origin: string;
  readonly #jar = new Map<string, { name: string; value: string; path: string }>();
  page: Page = { url: '', status: 0, text: '', headers: new Headers() };
  language = '';

  constructor(origin: string) {
    this.#origin = origin;
  }

  open(address: string): Promise<Page> {
    // From a relying party's address, where no page is, one comes back by typing ours.
    const from = this.page.url.startsWith(`${this.#origin}/`) ? this.page.url : this.#origin;
    return this.#go(new URL(address, from).href, { method: 'GET' });
  }

  /** Presses a button of the page's form; `action` is the button's value. */
  submit(fields: Readonly<Record<string, string>>, url = this.page.url): Promise<Page> {
    return this.post(url, fields, { Origin: this.#origin });
  }

  post(url: string, fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.#go(url, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    });
  }

  /** Follows the link with this text. */
  follow(text: string): Promise<Page> {
    const link = [...this.page.text.matchAll(/<a[^>]*href="([^"]+)"[^>]*>([\s\S]*?)<\/a>/g)].find(([, , inner]) => inner?.includes(text));
    if (!link?.[1]) throw new Error(`no link «${text}» on ${this.page.url}`);
    return this.open(decode(link[1]));
  }

  cookie(name: string): string | undefined {
    return this.#jar.get(name)?.value;
  }
  cookies(): readonly string[] {
    return [...this.#jar.keys()];
  }
  forget(name: string): void {
    for (const key of this.#jar.keys()) if (key.startsWith(name)) this.#jar.delete(key);
  }
  plant(name: string, value: string): void {
    this.#jar.set(name, { name, value, path: '/' });
  }

  async #go(address: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Page> {
    let url = address;
    let request: RequestInit = init;
    for (let hops = 0; hops < 12; hops += 1) {
      if (new URL(url).origin !== this.#origin) {
        this.page = { url, status: 0, text: '', headers: new Headers() };
        return this.page;
      }
      const { pathname } = new URL(url);
      const cookie = [...this.#jar.values()]
        .filter(({ path }) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ');
      const headers = { Accept: 'text/html', ...(request.headers as Record<string, string>), ...(cookie ? { Cookie: cookie } : {}) };
      const response = await fetch(url, { ...request, headers, redirect: 'manual' });
      this.#keep(response.headers.getSetCookie());
      const location = response.headers.get('location');
      if (location && response.status >= 300 && response.status < 400) {
        await response.arrayBuffer();
        url = new URL(location, url).href;
        request = { method: 'GET' };
        continue;
      }
      this.page = { url, status: response.status, text: await response.text(), headers: response.headers };
      return this.page;
    }
    throw new Error(`too many redirects at ${url}`);
  }

  #keep(set: readonly string[]): void {
    for (const line of set) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
      const gone = attributes.some((attribute) => /^expires=Thu, 01 Jan 1970/i.test(attribute)) || value === '';
      if (gone) this.#jar.delete(`${name}${path === '/' ? '' : path}`);
      else this.#jar.set(`${name}${path === '/' ? '' : path}`, { name, value, path });
    }
  }
}

const decode = (text: string): string =>
  text
    .replace(/&amp;/g, '&')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'");
