#!/usr/bin/env node
// Plain JavaScript on purpose: an old Node must be able to read this file and say what is wrong.
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(`Profile needs Node 24 or newer; this is ${process.versions.node}. "npm ci" brings one along: use "npm start".`);
  process.exit(1);
}
await import('../src/main.ts');
