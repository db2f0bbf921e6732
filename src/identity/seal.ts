import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';

export type Seal = {
  /** Encrypts and authenticates; `context` must be the same when it is opened. */
  seal(text: string, context?: string): string;
  /** Undefined for anything that was not sealed here with this context: changed, of another purpose, or of another secret. */
  open(sealed: string, context?: string): string | undefined;
};

const VERSION = 'v1.';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM (NIST SP 800-38D) under a key that HKDF (RFC 5869) derives from `secret` for one purpose. */
export function createSeal(secret: string, purpose: string): Seal {
  const key = createSecretKey(derive(secret, `seal:${purpose}`));
  return {
    seal(text, context = '') {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return VERSION + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
    },
    open(sealed, context = '') {
      if (!sealed.startsWith(VERSION)) return undefined;
      const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url');
      if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(context));
        decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}

/** HMAC-SHA-256 in base64url: the names of counters and codes, so that no store ever holds a national code as a key. */
export function createHmac256(secret: string, purpose: string): (text: string) => string {
  // A KeyObject is prepared once; a buffer would be at every call.
  const key = createSecretKey(derive(secret, `hmac:${purpose}`));
  return (text) => createHmac('sha256', key).update(text).digest('base64url');
}

const derive = (secret: string, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', secret, 'profile', purpose, 32));
