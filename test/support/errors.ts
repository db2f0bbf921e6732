/** The OAuth error that a call of the relying party's library ends with; `no error` when it succeeds. */
export const errorOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: { error?: string; cause?: { error?: string } }) => error.error ?? error.cause?.error ?? String(error),
  );
