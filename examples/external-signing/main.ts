import { startSigner } from './signer.ts';

/** The sample signer by itself: SIGNER_TOKEN, KEYS_DIR, PORT. */
const { SIGNER_TOKEN: token = '', KEYS_DIR: folder = 'data/signer-keys', PORT: port = '3500' } = process.env;
if (token.length < 32) {
  console.error('SIGNER_TOKEN is missing, or shorter than 32 characters');
  process.exit(1);
}
const signer = await startSigner({ folder, port: Number(port), token });
console.log(`signer at ${signer.url}`);
