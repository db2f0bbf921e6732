import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '#src/identity/ports.ts';
import { type Answers, type Asked, fieldsOf, refuseJson, show } from './asked.ts';
import { ASSETS } from './assets.ts';
import { clockAnswers } from './clock-page.ts';
import { failuresAnswers } from './failures-page.ts';
import { notFoundPage } from './frame.ts';
import { INBOX } from './inbox-page.ts';
import { kavenegarAnswer } from './kavenegar.ts';
import { syntheticPeople } from './people.ts';
import { PEOPLE } from './people-page.ts';
import { REGISTRY } from './registry-page.ts';
import { START } from './start-page.ts';
import { uidAnswer } from './uid.ts';
import { visitOf } from './visit.ts';
import type { Places, SandboxControls, World } from './world.ts';

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
  places,
}: {
  port: number;
  host?: string;
  now: Clock;
  slowMs?: number;
  sandbox?: SandboxControls;
  /** Absent where nobody signs up; the first page links there. */
  places?: Places;
}): Promise<Simulators> {
  const world: World = {
    people: syntheticPeople(sandbox !== undefined),
    inbox: [],
    state: { registry: 'normal', ownership: 'normal', sms: 'normal' },
    now,
    slowMs,
    ...(sandbox ? { sandbox } : {}),
    ...(places ? { places } : {}),
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
  const fields = fieldsOf(request, body);
  const asked: Asked = { world, visit: visitOf(url, request.headers.cookie), fields: fields ?? {}, request, response };
  if (!fields) return refuseJson(asked, 'a JSON object');
  const answer = answersOf(world)[`${request.method} ${url.pathname}`];
  if (answer) answer(asked);
  else show(asked, notFoundPage(asked.visit, world), 404);
}

const answersOf = ({ sandbox }: World): Answers => ({
  ...ASSETS,
  ...START,
  ...INBOX,
  ...PEOPLE,
  ...REGISTRY,
  ...(sandbox ? { ...clockAnswers(sandbox), ...failuresAnswers(sandbox) } : {}),
});

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
