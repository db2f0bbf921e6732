/** What a person can show. `at` in milliseconds. */
export type Method = 'pwd' | 'sms';
export type Authentication = { readonly method: Method; readonly at: number };

/** The one table of assurance: what each level needs. `amr` and `acr` derive from what was verified, and are never set by hand. */
export const ACR = {
  'urn:profile:1': ['pwd'],
  'urn:profile:2': ['pwd', 'sms'],
} as const satisfies Record<string, readonly Method[]>;
export type Acr = keyof typeof ACR;

export const isAcr = (text: unknown): text is Acr => typeof text === 'string' && Object.hasOwn(ACR, text);

export const satisfies = (acr: Acr, methods: readonly Method[]): boolean => ACR[acr].every((needed) => methods.includes(needed));

/** The highest level that the methods reach. */
export const acrOf = (methods: readonly Method[]): Acr => (Object.keys(ACR) as Acr[]).findLast((acr) => satisfies(acr, methods)) ?? 'urn:profile:1';

/** RFC 8176: a code by SMS is `sms` and `otp`; two different kinds together are `mfa`. */
const AMR: Readonly<Record<Method, readonly string[]>> = { pwd: ['pwd'], sms: ['sms', 'otp'] };
export const amrOf = (methods: readonly Method[]): string[] => [
  ...new Set(methods.flatMap((method) => AMR[method])),
  ...(new Set(methods).size > 1 ? ['mfa'] : []),
];
