import { createHash } from 'node:crypto';
import { z } from 'zod';
import { localMobile } from '#src/identity/mobile.ts';
import type { Sms, SmsGateway, SmsOutcome } from '#src/identity/ports.ts';
import type { Call } from './http-call.ts';

/** The SMS gateway Kavenegar. Its key stands in the address, so no address is ever logged. */
export type KavenegarSettings = {
  readonly key: string;
  readonly sender?: string /** Approved template of one-time codes; they go as plain SMS without it. */;
  readonly template?: string;
};

const reply = z.object({
  return: z.object({ status: z.number(), message: z.string().optional() }),
  entries: z.array(z.object({ messageid: z.number(), status: z.number().optional() })).nullish(),
});

/** `return.status` of its documentation; whatever is not here may pass. */
const STATUS: Readonly<Record<number, SmsOutcome>> = {
  200: 'sent',
  400: 'operator',
  401: 'operator',
  403: 'operator',
  406: 'operator',
  407: 'operator',
  411: 'bad-number',
  412: 'operator',
  413: 'operator',
  418: 'operator',
  420: 'operator',
  422: 'operator',
  424: 'operator',
  426: 'operator',
  427: 'operator',
  431: 'operator',
  432: 'operator',
};

export const kavenegarSms = (call: Call, { key, sender, template }: KavenegarSettings): SmsGateway => ({
  async send(sms) {
    const looked = template && sms.code ? { path: 'verify/lookup.json', form: { receptor: localMobile(sms.to), token: sms.code, template } } : undefined;
    const plain = { path: 'sms/send.json', form: { receptor: localMobile(sms.to), message: sms.text, localid: localId(sms), ...(sender ? { sender } : {}) } };
    const { path, form } = looked ?? plain;
    const answer = await call(`/v1/${key}/${path}`, { form });
    if (!answer.ok) return { outcome: 'retry', providerCode: answer.reason };
    const parsed = reply.safeParse(answer.body);
    if (!parsed.success) return { outcome: 'retry', providerCode: `http-${answer.status}` };
    const { status } = parsed.data.return;
    const messageId = parsed.data.entries?.[0]?.messageid;
    return { outcome: STATUS[status] ?? 'retry', providerCode: String(status), ...(messageId ? { traceId: String(messageId) } : {}) };
  },
});

/** The gateway answers a repeated `localid` with the first message: 52 bits of a hash, which it keeps exactly. */
const localId = ({ id }: Sms): string => String(Number.parseInt(createHash('sha256').update(id).digest('hex').slice(0, 13), 16));
