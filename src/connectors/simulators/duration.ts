export type Duration = { readonly days: number; readonly hours: number; readonly minutes: number; readonly seconds: number };

/** Parts that are none stay unsaid, except when all are. */
export const durationOf = (seconds: number): Partial<Duration> => {
  const parts: Duration = {
    days: Math.floor(seconds / 86_400),
    hours: Math.floor((seconds % 86_400) / 3_600),
    minutes: Math.floor((seconds % 3_600) / 60),
    seconds: seconds % 60,
  };
  const said = Object.entries(parts).filter(([, count]) => count > 0);
  return said.length ? Object.fromEntries(said) : { seconds: 0 };
};
