import { createHmac } from 'node:crypto';

/** The subject that clients of one sector share and nobody else can compute (OpenID Connect Core §8.1). `sector` is a host. */
export const pairwiseSubject = (secret: string, sector: string, subject: string): string =>
  createHmac('sha256', secret).update(`${sector}\0${subject}`).digest('base64url');
