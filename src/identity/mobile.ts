import { cleanCode } from './digits.ts';

export type Mobile = { readonly ok: true /** E.164. */; readonly value: string } | { readonly ok: false; readonly problem: 'required' | 'incorrect' };

/** 09…, 9…, +98…, 0098…, 98… in any digits. Operators' prefixes change every year, so none is refused. */
export function parseMobile(text: string): Mobile {
  const typed = cleanCode(text).replace(/[()]/g, '');
  if (!typed) return { ok: false, problem: 'required' };
  const match = /^(?:\+98|0098|98|0)?(9\d{9})$/.exec(typed);
  return match ? { ok: true, value: `+98${match[1]}` } : { ok: false, problem: 'incorrect' };
}

/** 0912… as people know their number. */
export const localMobile = (e164: string): string => `0${e164.slice(3)}`;

/** «0912 ••• 4567»: enough to recognise one's own, too little to call somebody's. */
export const maskMobile = (e164: string): string => `${localMobile(e164).slice(0, 4)} ••• ${e164.slice(-4)}`;
