import { readFileSync } from 'node:fs';
import type { JWK } from 'jose';
import { startFapi } from './app.ts';

/** The sample of the strictest profile: its key is the one that the embedded mode made. */
const { ISSUER = 'http://localhost:3000', DATA_DIR = 'data' } = process.env;
const { fapi } = JSON.parse(readFileSync(`${DATA_DIR}/examples.json`, 'utf8')) as { fapi: JWK };
const { url } = await startFapi({ port: 3306, issuer: ISSUER, key: fapi });
console.log(`sample web app with FAPI 2.0 at ${url}`);
