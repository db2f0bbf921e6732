import { type Answers, goBack, show, wantsJson } from './asked.ts';
import { field, notice, page, programs } from './frame.ts';
import { html } from './markup.ts';
import type { Visit } from './visit.ts';
import { json, REGISTRY_STATES, type RegistryState, type World } from './world.ts';

type System = keyof World['state'];
const STATES: Readonly<Record<System, readonly RegistryState[]>> = { registry: REGISTRY_STATES, ownership: REGISTRY_STATES, sms: ['normal', 'down'] };
export const SYSTEMS = Object.keys(STATES) as readonly System[];
const known = (system: System, state: unknown): boolean => STATES[system].some((one) => one === state);

export const REGISTRY: Answers = {
  'GET /registry': (asked) => show(asked, registryPage(asked.visit, asked.world)),
  'POST /registry': (asked) => {
    const { world, visit, fields, response } = asked;
    const refused = SYSTEMS.filter((system) => fields[system] !== undefined && !known(system, fields[system]));
    // A program's unknown state changes nothing and is not an error; a form's is told, and then nothing of it is taken.
    if (refused.length && !wantsJson(asked)) return show(asked, registryPage(visit, world, { fields, refused }), 422);
    for (const system of SYSTEMS) if (known(system, fields[system])) Object.assign(world.state, { [system]: fields[system] });
    if (wantsJson(asked)) json(response, world.state);
    else goBack(asked, { done: 'saved' });
  },
};

export const stateOf = ({ words }: Visit, { state }: World, system: System): string =>
  words.registry.is(words.registry.systems[system], words.registry.states[state[system]]);

type Refused = { readonly fields: Readonly<Record<string, unknown>>; readonly refused: readonly System[] };

function registryPage(visit: Visit, world: World, { fields, refused }: Refused = { fields: {}, refused: [] }): string {
  const { registry: words } = visit.words;
  const saved = visit.query.get('done') === 'saved' && !refused.length;
  const select = (system: System) => {
    const chosen = known(system, fields[system]) ? fields[system] : world.state[system];
    const options = STATES[system].map((one) => html`<option value="${one}"${one === chosen && html` selected`}>${words.states[one]}</option>`);
    return field(
      system,
      { label: words.systems[system], error: refused.includes(system) ? words.unknown : undefined },
      (joined) => html`<select ${joined} autocomplete="off">${options}</select>`,
    );
  };
  return page(
    visit,
    world,
    words.title,
    html`${saved && notice(words.saved(SYSTEMS.map((system) => stateOf(visit, world, system))))}<p>${words.intro}</p>
<form method="post" action="${visit.link('/registry')}" class="card">${SYSTEMS.map(select)}<button>${words.save}</button></form>
${programs(visit, ['POST /registry {"registry": "down", "ownership": "slow", "sms": "normal"}', `registry, ownership: ${REGISTRY_STATES.join(' | ')}`, 'sms: normal | down'])}`,
  );
}
