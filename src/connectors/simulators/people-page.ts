import { type Answers, show } from './asked.ts';
import { page, programs, table } from './frame.ts';
import { copyable, html, type Markup } from './markup.ts';
import { type Story, type SyntheticPerson, WITH_ACCOUNT } from './people.ts';
import type { Visit } from './visit.ts';
import type { Words } from './words.ts';
import { json, type SandboxControls, type World } from './world.ts';

/** Of each story, while all are shown; the rest is one press away. */
const FIRST = 3;

export const PEOPLE: Answers = {
  'GET /people': (asked) => show(asked, peoplePage(asked.visit, asked.world)),
  'GET /people.json': ({ world, response }) =>
    json(
      response,
      world.people.map((person) => publicPerson(person, world.sandbox)),
    ),
};

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

type Column = keyof Words['people']['columns'];
/** In the order in which the sign-up asks; a person lacks some. */
const valuesOf = (person: SyntheticPerson, sandbox: SandboxControls | undefined): Partial<Record<Column, string>> => ({
  [person.story === 'foreign' ? 'fida' : 'code']: person.code,
  mobile: person.mobile,
  ...(person.ownMobile ? { ownMobile: person.ownMobile } : {}),
  ...(sandbox && WITH_ACCOUNT.has(person.story) ? { password: sandbox.password } : {}),
  firstName: person.firstName,
  lastName: person.lastName,
  fatherName: person.fatherName,
  birthDate: person.birthDate,
  ...(person.certificateNumber ? { certificateNumber: person.certificateNumber } : {}),
  ...(person.documentNumber ? { documentNumber: person.documentNumber } : {}),
});

/** Names stay Persian in either language: the sign-up compares them with the registry's. */
const shown = (value: string): Markup => (/[\u0600-\u06ff]/.test(value) ? html`<span lang="fa">${copyable(value)}</span>` : copyable(value));

export const personCard = ({ words }: Visit, { sandbox }: World, person: SyntheticPerson): Markup =>
  html`<dl class="person">${Object.entries(valuesOf(person, sandbox)).map(
    ([name, value]) => html`<div><dt>${words.people.columns[name as Column]}</dt><dd>${shown(value)}</dd></div>`,
  )}</dl>`;

function peoplePage(visit: Visit, world: World): string {
  const words = visit.words.people;
  const wanted = visit.query.get('story');
  const stories = (Object.keys(words.stories) as Story[]).filter((story) => world.people.some((person) => person.story === story));
  const filter = stories.map((story) => chip(visit.link('/people', { story }), words.stories[story].name, story === wanted));
  const sections = stories.filter((story) => wanted === null || story === wanted).map((story) => storySection(visit, world, story, wanted === null));
  return page(
    visit,
    world,
    words.title,
    html`<p>${words.intro} <span class="with-script">${words.introCopy}</span></p>
<nav aria-label="${words.filter}"><ul class="chips">${chip(visit.link('/people'), words.all, wanted === null)}${filter}</ul></nav>
${sections.length ? sections : html`<p class="empty">${words.unknown}</p>`}${programs(visit, ['GET /people.json'])}`,
  );
}

const chip = (address: string, text: string, current: boolean): Markup =>
  html`<li><a href="${address}"${current && html` aria-current="page"`}>${text}</a></li>`;

function storySection(visit: Visit, world: World, story: Story, short: boolean): Markup {
  const words = visit.words.people;
  const { name, meaning } = words.stories[story];
  const all = world.people.filter((person) => person.story === story);
  const rows = all.slice(0, short ? FIRST : all.length).map((person) => valuesOf(person, world.sandbox));
  const columns = Object.keys(rows[0] ?? {}) as Column[];
  return html`<section class="story"><h2>${name}</h2><p>${meaning}</p>${table(
    name,
    columns.map((column) => words.columns[column]),
    rows.map((row) => html`<tr>${columns.map((column) => html`<td>${shown(row[column] ?? '')}</td>`)}</tr>`),
  )}${all.length > rows.length && html`<p><a class="more" href="${visit.link('/people', { story })}">${words.more(all.length)}</a></p>`}</section>`;
}
