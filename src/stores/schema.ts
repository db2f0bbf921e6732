import type { ColumnType, Generated } from 'kysely';

/**
 * Tables as Kysely sees them; the migrations make them. Moments are bigint milliseconds everywhere, so that both engines and the code agree without
 * a time zone. JSON is written as text and read as a value.
 */
type Json = ColumnType<unknown, string, string>;
type Milliseconds = number;

export type Database = {
  accounts: {
    subject: string;
    identifier_kind: 'national' | 'foreign';
    identifier_value: string;
    mobile: string;
    email: string | null;
    email_verified: Generated<boolean>;
    person: Json;
    password_hash: string;
    disabled: Generated<boolean>;
    sessions_from: Milliseconds;
    created_at: Milliseconds;
    password_changed_at: Milliseconds;
    recovered_at: Milliseconds | null;
  };
  outbox: {
    id: string;
    recipient: string;
    body: string;
    created_at: Milliseconds;
    due_at: Milliseconds;
    tries: Generated<number>;
    sent_at: Milliseconds | null;
  };
  sms_budget: { day: string; used: number };
  waiting: { id: string; sealed: string; created_at: Milliseconds; until: Milliseconds };
  consents: { subject: string; client_id: string; scopes: Json; allowed_at: Milliseconds };
  records: {
    kind: string;
    id: string;
    payload: Json;
    subject: string | null;
    client_id: string | null;
    grant_id: string | null;
    expires_at: Milliseconds;
    consumed: number | null;
  };
  clients: { client_id: string; metadata: Json };
  apis: { identifier: string; settings: Json };
  logout_notices: { id: string; client_id: string; subject: string; sid: string; due_at: Milliseconds; tries: Generated<number> };
  legacy_uses: { client_id: string; form: string; day: string; uses: number; last_at: Milliseconds };
  signing_keys: {
    kid: string;
    algorithm: string;
    sealed: string;
    created_at: Milliseconds;
    not_before: Milliseconds;
    signs_until: Milliseconds | null;
    not_after: Milliseconds | null;
  };
};
