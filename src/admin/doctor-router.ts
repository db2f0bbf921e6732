/**
 * admin/ is what operators and integrators use: an API now, pages later. It asks the doctor of oidc/ and the domain; it knows no page of a citizen
 * and no driver.
 */
import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { ProfileError } from '#src/errors.ts';
import { readJson } from '#src/http/json.ts';
import { LANGUAGES, type Language, type Texts, type TextValues } from '#src/http/locale.ts';
import type { Account, Accounts } from '#src/identity/ports.ts';
import type { Doctor } from '#src/oidc/doctor.ts';
import { operatorOnly } from './operator.ts';

type Parts = {
  readonly doctor: Doctor;
  readonly accounts: Accounts;
  readonly texts: Texts;
  readonly operatorToken: string;
  readonly bodyBytes: number;
  readonly note: (event: string, fields: Readonly<Record<string, unknown>>) => void;
};

const preview = z
  .object({
    subject: z.string().min(1).max(128).optional(),
    identifier: z.object({ kind: z.enum(['national', 'foreign']), value: z.string().regex(/^\d{9,16}$/) }).optional(),
    scopes: z.array(z.string().min(1).max(64)).min(1).max(50),
    resource: z.url().max(512).optional(),
  })
  .strict()
  .refine(({ subject, identifier }) => (subject === undefined) !== (identifier === undefined), 'either subject or identifier');

/** `/api/clients/:id/…` for the operator's token: what was wrong, what was seen, what a token would hold. */
export function doctorRouter({ doctor, accounts, texts, operatorToken, bodyBytes, note }: Parts): Router {
  const router = new Router({ prefix: '/api/clients/:id' });
  router.use(operatorOnly(operatorToken));
  const inBoth = (key: string, values: TextValues): Record<Language, string> =>
    Object.fromEntries(LANGUAGES.map((language) => [language, texts.translate(language)(key, values)])) as Record<Language, string>;

  router.get('/doctor', async (ctx) => {
    const entries = found(await doctor.findings(clientOf(ctx)));
    ctx.body = {
      client_id: clientOf(ctx),
      findings: entries.map(({ at, ...entry }) => ({
        at: new Date(at).toISOString(),
        ...entry,
        text: inBoth(`doctor.findings.${entry.code}`, entry.values),
      })),
    };
  });

  router.get('/checklist', async (ctx) => {
    const { rows, met, of } = found(await doctor.checklist(clientOf(ctx)));
    ctx.body = {
      client_id: clientOf(ctx),
      score: { met, of },
      rows: rows.map((row) => ({
        ...row,
        title: inBoth(`doctor.checklist.items.${row.item}`, {}),
        text: inBoth(`doctor.checklist.details.${row.detail.code}`, row.detail.values),
      })),
    };
  });

  router.post('/preview', async (ctx) => {
    const asked = preview.safeParse(await readJson(ctx, bodyBytes));
    if (!asked.success) throw new ProfileError('bad-request');
    const { subject, identifier, scopes, resource } = asked.data;
    const account = subject === undefined ? identifier && (await accounts.findByIdentifier(identifier)) : await accounts.find(subject);
    const shown = found(await doctor.preview(clientOf(ctx), { account: found<Account>(account), scopes, ...(resource ? { resource } : {}) }));
    note('operator.preview', { clientId: clientOf(ctx), scopes: shown.granted.join(' ') });
    ctx.body = {
      client_id: clientOf(ctx),
      granted_scopes: shown.granted,
      refused_scopes: shown.refused,
      ...(shown.idToken ? { id_token: shown.idToken } : {}),
      ...(shown.userinfo ? { userinfo: shown.userinfo } : {}),
      examples: shown.examples,
    };
  });
  return router;
}

const clientOf = (ctx: Context): string => String(ctx['params']['id']);

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new ProfileError('not-found');
  return value;
}
