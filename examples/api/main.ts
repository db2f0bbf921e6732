import { PENSIONS, startApi } from './app.ts';

/** The sample API by itself; ISSUER is Profile, ORIGIN the single-page app that may call it. */
const { ISSUER = 'http://localhost:3000', PORT = '3302', ORIGIN = 'http://localhost:3301' } = process.env;
const { url } = await startApi({ port: Number(PORT), issuer: ISSUER, audience: 'https://pensions.example/api', origins: [ORIGIN], calls: PENSIONS });
console.log(`sample API at ${url}/history`);
