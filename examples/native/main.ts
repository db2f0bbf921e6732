import { signIn } from './app.ts';

/** The sample native app: ISSUER, and with API=http://localhost:3302/history a call of the sample API in the person's name. */
const { ISSUER = 'http://localhost:3000', API } = process.env;
const { claims, answer } = await signIn({
  issuer: ISSUER,
  open: (address) => console.log(`Open this address in your browser:\n\n${address}\n`),
  ...(API ? { api: { resource: 'https://pensions.example/api', scope: 'pensions.read', address: API } } : {}),
});
console.log(claims);
if (answer) console.log(JSON.stringify(answer, undefined, 2));
