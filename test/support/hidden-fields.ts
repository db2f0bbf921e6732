/** The hidden fields of a page's forms, for a post that no form of the page makes by itself. */
export const hiddenFields = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
