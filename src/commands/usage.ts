/** What `profile --help` prints, and what a wrong name is answered with. */
export const USAGE = `profile                        the server: embedded when ISSUER, DATABASE_URL and REDIS_URL are absent
profile migrate                brings the database to this version and ends
profile rotate-keys [--now]    makes the next signing keys; --now withdraws the old ones (docs/keys.md)
profile legacy-report          who still uses which form of the old account server (docs/migration.md)
profile conformance-settings   the configuration of the certification suite (docs/conformance.md)
profile sandbox [--help]       a server for an integrator's own laptop (docs/sandbox.md)`;
