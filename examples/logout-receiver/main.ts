import { readFileSync } from 'node:fs';
import { startLogoutReceiver } from './app.ts';

/** The sample receiver; its secret is the one that the embedded mode made. */
const { ISSUER = 'http://localhost:3000', DATA_DIR = 'data' } = process.env;
const { secrets } = JSON.parse(readFileSync(`${DATA_DIR}/examples.json`, 'utf8')) as { secrets: { 'logout-receiver': string } };
const { url } = await startLogoutReceiver({ port: 3303, issuer: ISSUER, clientSecret: () => secrets['logout-receiver'] });
console.log(`sample of sign-out notices at ${url}`);
