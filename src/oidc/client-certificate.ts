import { X509Certificate } from 'node:crypto';
import type { Context } from 'koa';

/**
 * Mutual TLS (RFC 8705) behind a proxy that ends TLS: it passes the certificate on in a header that it overwrites. Understood are the URL-encoded
 * PEM of nginx (`$ssl_client_escaped_cert`) and the byte sequence of RFC 9440 (`:base64:`).
 */
export type CertificateHeaders = {
  /** Carries the certificate. */
  readonly certificate: string;
  /** Says SUCCESS when the proxy verified it up to a trusted authority; self-signed ones say something else. */
  readonly verified: string;
};

/** PEM of the certificate that the client showed; undefined when there is none that can be read. */
export function certificateOf(ctx: Context, headers: CertificateHeaders): string | undefined {
  const value = ctx.get(headers.certificate);
  if (!value) return undefined;
  try {
    return new X509Certificate(sourceOf(value)).toString();
  } catch {
    return undefined;
  }
}

function sourceOf(value: string): string | Buffer {
  const sequence = /^:([A-Za-z0-9+/=]+):$/.exec(value)?.[1];
  return sequence ? Buffer.from(sequence, 'base64') : decodeURIComponent(value);
}

export const certificateVerified = (ctx: Context, headers: CertificateHeaders): boolean => ctx.get(headers.verified) === 'SUCCESS';

/** Whether a registered `tls_client_auth_*` value is the certificate's (RFC 8705 §2.1.2). */
export function certificateMatches(ctx: Context, headers: CertificateHeaders, property: string, expected: string): boolean {
  const pem = certificateOf(ctx, headers);
  if (!pem) return false;
  const certificate = new X509Certificate(pem);
  const names = (certificate.subjectAltName ?? '').split(/,\s*/);
  const alternative = (kind: string): boolean => names.includes(`${kind}:${expected}`);
  const matches: Readonly<Record<string, () => boolean>> = {
    tls_client_auth_subject_dn: () => sameName(certificate.subject, expected),
    tls_client_auth_san_dns: () => alternative('DNS'),
    tls_client_auth_san_uri: () => alternative('URI'),
    tls_client_auth_san_ip: () => alternative('IP Address'),
    tls_client_auth_san_email: () => alternative('email'),
  };
  return matches[property]?.() ?? false;
}

/** Node writes a name with a line for each part, in the certificate's order; RFC 4514 writes it with commas, in the opposite one. */
const sameName = (subject: string, expected: string): boolean => {
  const parts = subject.split('\n').map((part) => part.trim());
  const given = expected.split(/(?<!\\),\s*/).map((part) => part.trim());
  return [parts, parts.toReversed()].some((order) => order.length === given.length && order.every((part, index) => part === given[index]));
};
