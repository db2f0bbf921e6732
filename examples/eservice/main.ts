import { startEservice } from './app.ts';

/** The sample relying party by itself: ISSUER, CLIENT_ID, CLIENT_SECRET, and URL (its own address). */
const { ISSUER = 'http://localhost:3000', CLIENT_ID = 'eservices', CLIENT_SECRET = '', URL: url = 'http://localhost:3300' } = process.env;
if (!CLIENT_SECRET) {
  console.error('CLIENT_SECRET is missing');
  process.exit(1);
}
await startEservice({ port: Number(new URL(url).port || 80), url, issuer: ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET });
console.log(`sample e-service at ${url}`);
