import { readFileSync } from 'node:fs';
import type { JWK } from 'jose';
import { report } from './app.ts';

/** The sample machine: its key is the one that the embedded mode made. */
const { ISSUER = 'http://localhost:3000', DATA_DIR = 'data', API = 'http://localhost:3302' } = process.env;
const { machine } = JSON.parse(readFileSync(`${DATA_DIR}/examples.json`, 'utf8')) as { machine: JWK };
const { status, body } = await report({ issuer: ISSUER, key: machine, resource: 'https://pensions.example/api', address: `${API}/history` });
console.log(status, JSON.stringify(body, undefined, 2));
