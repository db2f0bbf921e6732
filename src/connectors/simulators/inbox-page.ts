import type { Answers } from './asked.ts';
import { show } from './asked.ts';
import { field, page, programs } from './frame.ts';
import { code, copyable, html, type Markup } from './markup.ts';
import type { Visit } from './visit.ts';
import { json, localNumber, type World } from './world.ts';

export type Message = { readonly to: string; readonly text: string; readonly at: string };
/** More than this makes a page slow; /sms.json has all. */
const MOST_SHOWN = 100;

export const INBOX: Answers = {
  'GET /sms': (asked) => show(asked, inboxPage(asked.visit, asked.world)),
  'GET /sms.json': ({ visit, world, response }) => json(response, messagesTo(world, visit.query.get('to'))),
};

/** Newest first. */
export function messagesTo({ inbox }: World, to: string | null): readonly Message[] {
  const wanted = to === null ? undefined : localNumber(to);
  return inbox
    .filter((sms) => wanted === undefined || sms.to === wanted)
    .map(({ to: number, text, at }) => ({ to: number, text, at }))
    .reverse();
}

/** The digits that a page will ask for: 6 to 8 on their own; a support number is shorter, a mobile longer. */
const codeIn = (text: string): string | undefined => /(?<![\d۰-۹])\d{6,8}(?![\d۰-۹])/.exec(text)?.[0];

function inboxPage(visit: Visit, world: World): string {
  const { words } = visit;
  const to = visit.query.get('to') || null;
  const messages = messagesTo(world, to);
  const shown = messages.slice(0, MOST_SHOWN);
  return page(
    visit,
    world,
    words.sms.title,
    html`<p>${words.sms.intro} <noscript>${words.sms.introNoScript}</noscript></p>
<form action="/sms"><input type="hidden" name="lang" value="${visit.language}">${field(
      'to',
      { label: words.sms.to },
      (joined) =>
        html`<span class="beside"><input ${joined} dir="ltr" inputmode="tel" autocomplete="off" placeholder="09…" value="${to ?? ''}"><button>${words.sms.show}</button></span>`,
    )}${to && html`<a class="more" href="${visit.link('/sms')}">${words.sms.all}</a>`}</form>
<div data-live="${words.sms.fresh}">${
      shown.length ? shown.map((message) => messageCard(visit, world, message)) : html`<p class="empty">${to ? words.sms.noneTo : words.sms.none}</p>`
    }${messages.length > shown.length && html`<p>${words.sms.newest(shown.length, messages.length)}</p>`}</div>
${programs(visit, ['GET /sms.json', 'GET /sms.json?to=09…'])}`,
  );
}

/** Who gets it and when, the code big, then the text as it was sent. */
export function messageCard({ words }: Visit, { people }: World, { to, text, at }: Message): Markup {
  const digits = codeIn(text);
  const receiver = people.find(({ mobile, ownMobile }) => mobile === to || ownMobile === to);
  return html`<article class="sms"><header>${words.sms.receiver} ${code(to)}${
    receiver && html` · <bdi lang="fa">${receiver.firstName} ${receiver.lastName}</bdi>`
  } <time datetime="${at}">${words.moment(Date.parse(at))}</time></header>
${digits && html`<p class="big"><span>${words.sms.code}</span> ${copyable(digits)}</p>`}<p class="text" dir="auto">${text}</p></article>`;
}
