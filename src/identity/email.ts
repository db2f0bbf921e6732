export type Email = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly problem: 'required' | 'incorrect' };

/** RFC 5321 limits; the shape that mail servers in use accept. Only the domain is lowered: the local part belongs to its server. */
const SHAPE = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{4,190}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$/;

export function parseEmail(text: string): Email {
  const typed = text.replace(/[\u200c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '').trim();
  if (!typed) return { ok: false, problem: 'required' };
  const at = typed.lastIndexOf('@');
  if (!SHAPE.test(typed) || typed.includes('..') || typed.startsWith('.') || typed[at - 1] === '.') return { ok: false, problem: 'incorrect' };
  return { ok: true, value: `${typed.slice(0, at)}@${typed.slice(at + 1).toLowerCase()}` };
}
