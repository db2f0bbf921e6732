import { cleanCode } from './digits.ts';

/** FIDA codes of foreign nationals have no documented checksum; only the length is judged, and the lengths are a setting. */
export function parseFidaCode(
  text: string,
  lengths: readonly number[],
): { readonly ok: true; readonly value: string } | { readonly ok: false; readonly problem: 'required' | 'incorrect' } {
  const code = cleanCode(text);
  if (!code) return { ok: false, problem: 'required' };
  return /^\d+$/.test(code) && lengths.includes(code.length) ? { ok: true, value: code } : { ok: false, problem: 'incorrect' };
}
