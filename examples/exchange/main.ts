import { readFileSync } from 'node:fs';
import { startChain } from './app.ts';

/** Both sample APIs; the secret is the one that the embedded mode made. */
const { ISSUER = 'http://localhost:3000', DATA_DIR = 'data' } = process.env;
const { secrets } = JSON.parse(readFileSync(`${DATA_DIR}/examples.json`, 'utf8')) as { secrets: { 'pensions-api': string } };
const { pensions } = await startChain({ issuer: ISSUER, secret: secrets['pensions-api'], ports: { pensions: 3305, payments: 3304 } });
console.log(`sample chain of two APIs at ${pensions.url}/payments`);
