import { startSpa } from './app.ts';

/** The sample single-page app by itself; ISSUER is Profile, API the sample API (examples/api). */
const { ISSUER = 'http://localhost:3000', API = 'http://localhost:3302' } = process.env;
const { url } = await startSpa({ port: 3301, issuer: ISSUER, api: `${API}/history` });
console.log(`sample single-page app at ${url}`);
