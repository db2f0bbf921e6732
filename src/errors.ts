export type ErrorCode =
  | 'not-found'
  | 'expired'
  | 'forbidden'
  | 'cross-origin'
  | 'wrong-host'
  | 'bad-request'
  | 'too-large'
  | 'too-many-attempts'
  | 'busy'
  | 'unavailable'
  | 'client-request'
  | 'retired'
  | 'unexpected';

/** HTTP status of each explainable failure. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  'not-found': 404,
  expired: 410,
  forbidden: 403,
  'cross-origin': 403,
  'wrong-host': 421,
  'bad-request': 400,
  'too-large': 413,
  'too-many-attempts': 429,
  busy: 503,
  unavailable: 503,
  'client-request': 400,
  retired: 410,
  unexpected: 500,
};

export type ErrorDetail = { readonly retryAfter?: number; readonly [name: string]: unknown };

/** A failure we can explain to the person: `code` picks the page's text, `detail` fills it, `cause` goes to the log only. */
export class ProfileError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, options: ErrorOptions & { detail?: ErrorDetail } = {}) {
    super(code, options);
    this.name = 'ProfileError';
    this.code = code;
    this.status = STATUS[code];
    this.detail = options.detail ?? {};
  }
}
