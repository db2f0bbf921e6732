/** Postgres keeps no NUL in a text: nothing is there under such a name, and asking would fail. */
export const storable = (name: string): boolean => !name.includes('\0');
