import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Middleware } from 'koa';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};
const YEAR = 365 * 24 * 60 * 60;

type Asset = { readonly url: string; readonly type: string; readonly plain: Buffer; readonly brotli?: Buffer };
export type Assets = { url(name: string): string; serve: Middleware };

/**
 * Reads what runs in the browser, once. The name of a file carries its hash, so a browser asks for it once and never again.
 * `brandCss` overrides colours and is part of the sheet: one request less than a sheet of its own.
 */
export function createAssets(folder: string, brandCss = ''): Assets {
  const byName = new Map<string, Asset>();
  const add = (name: string, content: Buffer): void => {
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    const hash = createHash('sha256').update(content).digest('base64url').slice(0, 10);
    const compressible = !name.endsWith('.woff2');
    byName.set(name, {
      url: `/assets/${hash}/${name}`,
      type,
      plain: content,
      ...(compressible ? { brotli: brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }) } : {}),
    });
  };
  const names = readdirSync(folder).filter((name) => TYPES[extname(name)]);
  for (const name of names.filter((file) => !file.endsWith('.css'))) add(name, readFileSync(join(folder, name)));
  // Sheets come last: they name the font by its hashed address.
  for (const name of names.filter((file) => file.endsWith('.css'))) {
    const css = readFileSync(join(folder, name), 'utf8').replace(/url\(["']?\.?\/?([\w.-]+)["']?\)/g, (whole, file: string) =>
      byName.has(file) ? `url(${byName.get(file)?.url})` : whole,
    );
    add(name, Buffer.from(css + brandCss));
  }
  const byUrl = new Map([...byName.values()].map((asset) => [asset.url, asset] as const));

  return {
    url: (name) => byName.get(name)?.url ?? `/assets/missing/${name}`,
    serve: async (ctx, next) => {
      const asset = ctx.method === 'GET' || ctx.method === 'HEAD' ? byUrl.get(ctx.path) : undefined;
      if (!asset) return next();
      ctx.type = asset.type;
      ctx.vary('Accept-Encoding');
      ctx.set('Cache-Control', `public, max-age=${YEAR}, immutable`);
      if (asset.brotli && ctx.acceptsEncodings('br', 'identity') === 'br') {
        ctx.set('Content-Encoding', 'br');
        ctx.body = asset.brotli;
      } else ctx.body = asset.plain;
    },
  };
}
