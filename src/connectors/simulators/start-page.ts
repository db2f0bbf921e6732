import { type Answers, show } from './asked.ts';
import { aheadOf } from './clock-page.ts';
import { page, programs } from './frame.ts';
import { messageCard, messagesTo } from './inbox-page.ts';
import { html, type Markup } from './markup.ts';
import { personCard } from './people-page.ts';
import { SYSTEMS, stateOf } from './registry-page.ts';
import type { Visit } from './visit.ts';
import type { World } from './world.ts';

export const START: Answers = {
  'GET /': (asked) => show(asked, startPage(asked.visit, asked.world)),
};

/** For somebody who has just started the program: a person, the newest code, and where the rest is. */
function startPage(visit: Visit, world: World): string {
  const { start: words, nav } = visit.words;
  const [newest] = messagesTo(world, null);
  const person = newcomer(world);
  return page(
    visit,
    world,
    words.title,
    html`<div class="two"><section class="card"><h2>${words.person}</h2><p>${words.personHint}</p>${doors(visit, world)}${person && personCard(visit, world, person)}
<p><a class="more" href="${visit.link('/people')}">${words.others}</a></p></section>
<div class="column"><section class="card"><h2>${words.sms}</h2><div data-live="${visit.words.sms.fresh}">${
      newest ? messageCard(visit, world, newest) : html`<p class="empty">${words.smsNone}</p>`
    }<p><a class="more" href="${visit.link('/sms')}">${words.smsAll(world.inbox.length)}</a></p></div></section>
<section class="card"><h2>${words.conditions}</h2><ul class="links">
<li><a class="more" href="${visit.link('/registry')}">${nav.registry}</a> ${SYSTEMS.map((system) => html`<span>${stateOf(visit, world, system)}</span> `)}</li>
${conditions(visit, world)}</ul></section></div></div>${programs(visit, ['GET /people.json', 'GET /sms.json?to=09…'])}`,
  );
}

/** The ways into the server itself, in the language of this page. */
function doors({ words, language }: Visit, { places }: World): Markup | undefined {
  if (!places) return undefined;
  const { issuer, eservice } = places;
  const doors = [
    [`${issuer}/sign-up?lang=${language}`, words.start.signUp],
    [`${issuer}/sign-in?lang=${language}`, words.start.signIn],
    [`${eservice}/language?to=${language}`, words.start.eservice],
  ] as const;
  return html`<ul class="doors">${doors.map(([address, word]) => html`<li><a class="more" href="${address}">${word}</a></li>`)}</ul>`;
}

function conditions(visit: Visit, { sandbox }: World): Markup {
  const { start: words, nav } = visit.words;
  if (!sandbox) return html`<li><span>${words.noSandbox}</span></li>`;
  const waiting = sandbox.failures.list().length;
  return html`<li><a class="more" href="${visit.link('/clock')}">${nav.clock}</a> <span>${aheadOf(visit, sandbox)}</span></li>
<li><a class="more" href="${visit.link('/failures')}">${nav.failures}</a> <span>${waiting ? words.failuresSome(waiting) : words.failuresNone}</span></li>`;
}

/** The first whose sign-up succeeds and who was never sent an SMS, so has most likely no account yet. */
function newcomer({ people, inbox }: World) {
  const fine = people.filter(({ story }) => story === 'ok');
  return fine.find(({ mobile }) => !inbox.some(({ to }) => to === mobile)) ?? fine[0];
}
