import type { ServerResponse } from 'node:http';
import { json, localNumber, type World } from './world.ts';

const answer = (response: ServerResponse, status: number, message: string, entries: readonly object[] | null = null): void =>
  json(response, { return: { status, message }, entries }, status);

/** How many messages the inbox remembers. */
const REMEMBERED = 5_000;
let lastMessage = 8_000_000;

/** Answers like Kavenegar: HTTP status equals return.status, a repeated localid answers with the first message. */
export function kavenegarAnswer(world: World, path: string, form: URLSearchParams, response: ServerResponse): void {
  const match = /^\/v1\/([^/]+)\/(sms\/send|verify\/lookup)\.json$/.exec(path);
  if (!match) return answer(response, 404, 'متد نامعتبر است');
  if (!match[1]) return answer(response, 403, 'کد شناسائی API-Key معتبر نمی‌باشد');
  if (world.state.sms === 'down') return answer(response, 409, 'سرور قادر به پاسخگوئی نیست بعدا تلاش کنید');
  const to = localNumber(form.get('receptor') ?? '');
  if (!/^09\d{9}$/.test(to)) return answer(response, 411, 'دریافت کننده نامعتبر است');
  const text = match[2] === 'sms/send' ? form.get('message') : `${form.get('template')}: ${form.get('token')}`;
  if (!text) return answer(response, 413, 'پیام خالی است');
  const localId = form.get('localid') ?? undefined;
  lastMessage += 1;
  const known = localId !== undefined && world.inbox.some((sms) => sms.localId === localId);
  if (!known) {
    world.inbox.push({ to, text, at: new Date(world.now()).toISOString(), ...(localId ? { localId } : {}) });
    if (world.inbox.length > REMEMBERED) world.inbox.shift();
  }
  answer(response, 200, 'تایید شد', [
    {
      messageid: lastMessage,
      message: text,
      status: 1,
      statustext: 'در صف ارسال',
      sender: '10004346',
      receptor: to,
      date: Math.floor(world.now() / 1000),
      cost: 120,
    },
  ]);
}
