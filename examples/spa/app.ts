import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Koa from 'koa';

/** `port` 0 takes a free one; `api` is the address of the call. */
export type Options = { readonly port: number; readonly issuer: string; readonly api: string; readonly clientId?: string };

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['page.html', 'html'],
  '/spa.js': ['spa.js', 'js'],
  '/page.css': ['page.css', 'css'],
};

/** Serves three files and the settings; it sees neither code nor token. Any web server can stand in its place. */
export async function startSpa({ port, issuer, api, clientId = 'spa' }: Options): Promise<{ readonly url: string; close(): Promise<void> }> {
  const settings = { issuer, clientId, api, resource: 'https://pensions.example/api' };
  // CHECK: no script from elsewhere can read the tokens, and they can be sent to Profile and the API only.
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ${issuer} ${new URL(api).origin}; base-uri 'none'; frame-ancestors 'none'`;
  const app = new Koa();
  app.use((ctx) => {
    ctx.set({ 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' });
    if (ctx.path === '/settings.json') ctx.body = settings;
    const found = Object.hasOwn(FILES, ctx.path) ? FILES[ctx.path] : undefined;
    if (!found) return;
    ctx.type = found[1];
    ctx.body = readFileSync(join(import.meta.dirname, found[0]));
  });
  const server = createServer(app.callback()).listen(port, 'localhost');
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
