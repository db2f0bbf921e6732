import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '#src/identity/ports.ts';
import { kavenegarAnswer } from './kavenegar.ts';
import { inboxPage, overviewPage, peoplePage, switchPage } from './pages.ts';
import { type SyntheticPerson, syntheticPeople, WITH_ACCOUNT } from './people.ts';
import { SANDBOX_PAGES } from './sandbox-pages.ts';
import { uidAnswer } from './uid.ts';
import { json, localNumber, REGISTRY_STATES, type RegistryState, type SandboxControls, type World } from './world.ts';

export type { SandboxControls };
export type Simulators = { readonly url: string; readonly world: World; close(): Promise<void> };

const LARGEST = 64 * 1024;

/** Real servers of the outside on one loopback port, for the embedded mode and the tests; production never starts them. */
export async function startSimulators({
  port,
  host = 'localhost',
  now,
  slowMs = 3_000,
  sandbox,
}: {
  port: number;
  host?: string;
  now: Clock;
  slowMs?: number;
  sandbox?: SandboxControls;
}): Promise<Simulators> {
  const world: World = {
    people: syntheticPeople(sandbox !== undefined),
    inbox: [],
    state: { registry: 'normal', ownership: 'normal', sms: 'normal' },
    now,
    slowMs,
    ...(sandbox ? { sandbox } : {}),
  };
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
  const extra = world.sandbox && SANDBOX_PAGES[`${request.method} ${url.pathname}`];
  if (world.sandbox && extra) return extra(world.sandbox, fieldsOf(request, body), request, response);
  const page = PAGES[`${request.method} ${url.pathname}`];
  if (!page) return void response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('not found');
  page(world, url, body, response, request);
}

type Page = (world: World, url: URL, body: string, response: ServerResponse, request: IncomingMessage) => void;

const PAGES: Readonly<Record<string, Page>> = {
  'GET /': (world, _url, _body, response) => html(response, overviewPage(world)),
  'GET /sms': (world, url, _body, response) => html(response, inboxPage(messagesTo(world, url.searchParams.get('to')), world.sandbox !== undefined)),
  'GET /sms.json': (world, url, _body, response) => json(response, messagesTo(world, url.searchParams.get('to'))),
  'GET /people': (world, url, _body, response) => html(response, peoplePage(world, url.searchParams.get('story'))),
  'GET /people.json': (world, _url, _body, response) =>
    json(
      response,
      world.people.map((person) => publicPerson(person, world.sandbox)),
    ),
  'GET /registry': (world, _url, _body, response) => html(response, switchPage(world)),
  'POST /registry': (world, _url, body, response, request) => {
    const wanted = fieldsOf(request, body) as Record<string, string>;
    for (const name of ['registry', 'ownership'] as const)
      if (REGISTRY_STATES.some((state) => state === wanted[name])) world.state[name] = wanted[name] as RegistryState;
    if (wanted['sms'] === 'normal' || wanted['sms'] === 'down') world.state.sms = wanted['sms'];
    if (request.headers['content-type']?.includes('json')) json(response, world.state);
    else response.writeHead(303, { Location: '/registry' }).end();
  },
};

const fieldsOf = (request: IncomingMessage, body: string): Readonly<Record<string, unknown>> =>
  request.headers['content-type']?.includes('json') ? (JSON.parse(body || '{}') as Record<string, unknown>) : Object.fromEntries(new URLSearchParams(body));

/** Newest first. */
function messagesTo({ inbox }: World, to: string | null): readonly { to: string; text: string; at: string }[] {
  const wanted = to === null ? undefined : localNumber(to);
  return inbox
    .filter((sms) => wanted === undefined || sms.to === wanted)
    .map(({ to: number, text, at }) => ({ to: number, text, at }))
    .reverse();
}

const publicPerson = (person: SyntheticPerson, sandbox: SandboxControls | undefined): Record<string, string> => ({
  ...(sandbox && WITH_ACCOUNT.has(person.story) ? { password: sandbox.password } : {}),
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
