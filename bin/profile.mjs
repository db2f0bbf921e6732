#!/usr/bin/env node
// Plain JavaScript on purpose: an old Node must be able to read this file and say what is wrong.
import module from 'node:module';

const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(`Profile needs Node 24 or newer; this is ${process.versions.node}. "npm ci" brings one along: use "npm start".`);
  process.exit(1);
}
// Compiled sources are kept beside the packages: a later start is faster and 28 MB smaller, for it never loads the stripper of types.
module.enableCompileCache(process.env.NODE_COMPILE_CACHE || new URL('../node_modules/.cache/profile', import.meta.url).pathname);
await import('../src/main.ts');
setTimeout(() => module.flushCompileCache(), 2_000).unref();
