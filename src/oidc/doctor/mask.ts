/** What the doctor may keep of a text that a relying party sent: never a value that could be a person's, a code or a token. */

const LONGEST = 300;
/** National codes, mobiles and FIDA codes are ten digits and more; nothing an address needs is. */
const LONG_NUMBERS = /[0-9۰-۹٠-٩]{8,}/g;
const MAILBOX = /[^\s/@:]+(@|%40)[^\s/@]+/gi;
/** A run of 32 characters with a digit in it is a token more often than a name. */
const TOKENS = /(?=[\w~-]*\d)[\w~-]{32,}/g;

const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** A name (scope, grant type, method) as it was sent. */
export const maskedName = (text: string): string => shorten(text.replace(MAILBOX, '…').replace(TOKENS, '…').replace(LONG_NUMBERS, '…'));

/** An address as it was sent: the names of its query stay, their values, the fragment's text and any credentials go. */
export function maskedAddress(text: string): string {
  const [beforeFragment = '', ...fragment] = text.split('#');
  const [path = '', ...query] = beforeFragment.split('?');
  const names = query
    .join('?')
    .split('&')
    .map((pair) => `${maskedName(pair.split('=')[0] ?? '')}${pair.includes('=') ? '=…' : ''}`)
    .join('&');
  const [, scheme = '', credentials, rest = path] = /^([a-z][a-z0-9+.-]*:\/\/)([^/@]*@)?(.*)$/is.exec(path) ?? [];
  const plain = `${scheme}${credentials ? '…@' : ''}${maskedName(rest)}`;
  return shorten(`${plain}${query.length ? `?${names}` : ''}${fragment.length ? '#…' : ''}`);
}
