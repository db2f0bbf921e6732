import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '#src/identity/ports.ts';
import { kavenegarAnswer } from './kavenegar.ts';
import { inboxPage, overviewPage, peoplePage, switchPage } from './pages.ts';
import { type SyntheticPerson, syntheticPeople } from './people.ts';
import { uidAnswer } from './uid.ts';

/** A registry as it really is: well, slow, down, or closed for the night. */
export const REGISTRY_STATES = ['normal', 'slow', 'down', 'night'] as const;
export type RegistryState = (typeof REGISTRY_STATES)[number];
export type SimulatedSms = { readonly to: string; readonly text: string; readonly at: string; readonly localId?: string };
export type World = {
  readonly people: readonly SyntheticPerson[];
  readonly inbox: SimulatedSms[];
  readonly state: { registry: RegistryState; ownership: RegistryState; sms: 'normal' | 'down' };
  readonly now: Clock;
  /** How long `slow` takes, in milliseconds. */
  readonly slowMs: number;
};
export type Simulators = { readonly url: string; readonly world: World; close(): Promise<void> };

const LARGEST = 64 * 1024;

/** Real servers of the outside on one loopback port, for the embedded mode and the tests; production never starts them. */
export async function startSimulators({ port, host = 'localhost', now, slowMs = 3_000 }: { port: number; host?: string; now: Clock; slowMs?: number }): Promise<Simulators> {
  const world: World = { people: syntheticPeople(), inbox: [], state: { registry: 'normal', ownership: 'normal', sms: 'normal' }, now, slowMs };
  const server = createServer((request, response) => {
    void route(world, request, response).catch(() => response.writeHead(500).end());
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    world,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function route(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://simulators');
  const body = await readBody(request);
  if (url.pathname.startsWith('/uid/')) return uidAnswer(world, url.pathname.slice(4), body, response);
  if (url.pathname.startsWith('/kavenegar/')) return kavenegarAnswer(world, url.pathname.slice(10), new URLSearchParams(body), response);
  const page = PAGES[`${request.method} ${url.pathname}`];
  if (!page) return void response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('not found');
  page(world, url, body, response, request);
}

type Page = (world: World, url: URL, body: string, response: ServerResponse, request: IncomingMessage) => void;

const PAGES: Readonly<Record<string, Page>> = {
  'GET /': (world, _url, _body, response) => html(response, overviewPage(world)),
  'GET /sms': (world, url, _body, response) => html(response, inboxPage(messagesTo(world, url.searchParams.get('to')))),
  'GET /sms.json': (world, url, _body, response) => json(response, messagesTo(world, url.searchParams.get('to'))),
  'GET /people': (world, url, _body, response) => html(response, peoplePage(world.people, url.searchParams.get('story'))),
  'GET /people.json': (world, _url, _body, response) => json(response, world.people.map(publicPerson)),
  'GET /registry': (world, _url, _body, response) => html(response, switchPage(world)),
  'POST /registry': (world, _url, body, response, request) => {
    const wanted = request.headers['content-type']?.includes('json') ? (JSON.parse(body) as Record<string, string>) : Object.fromEntries(new URLSearchParams(body));
    for (const name of ['registry', 'ownership'] as const) if (REGISTRY_STATES.some((state) => state === wanted[name])) world.state[name] = wanted[name] as RegistryState;
    if (wanted['sms'] === 'normal' || wanted['sms'] === 'down') world.state.sms = wanted['sms'];
    if (request.headers['content-type']?.includes('json')) json(response, world.state);
    else response.writeHead(303, { Location: '/registry' }).end();
  },
};

/** Newest first. */
function messagesTo({ inbox }: World, to: string | null): readonly { to: string; text: string; at: string }[] {
  const wanted = to === null ? undefined : localNumber(to);
  return inbox
    .filter((sms) => wanted === undefined || sms.to === wanted)
    .map(({ to: number, text, at }) => ({ to: number, text, at }))
    .reverse();
}

/** +98912…, 98912…, 0912… are one number. A plus sign in a query arrives as a space. */
export const localNumber = (text: string): string => text.trim().replace(/^(\+|00)?98(?=9)/, '0').replace(/^(?=9\d{9}$)/, '0');

const publicPerson = (person: SyntheticPerson): Record<string, string> => ({
  story: person.story,
  national_code: person.code,
  mobile: person.mobile,
  first_name: person.firstName,
  last_name: person.lastName,
  father_name: person.fatherName,
  birth_date: person.birthDate,
  certificate_number: person.certificateNumber,
  ...(person.ownMobile ? { own_mobile: person.ownMobile } : {}),
  ...(person.documentType && person.documentNumber ? { document_type: person.documentType, document_number: person.documentNumber } : {}),
});

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }).end(JSON.stringify(value));
}

function html(response: ServerResponse, page: string): void {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }).end(page);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
