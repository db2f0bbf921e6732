import { type Answers, goBack, refuseJson, show, typedNumber, wantsJson } from './asked.ts';
import { FAILURE_KINDS, type FailureEndpoint, type FailureKind, MOST_FAILURES, type OrderField } from './failures.ts';
import { field, notice, page, programs, table } from './frame.ts';
import { code, html, type Markup } from './markup.ts';
import type { Visit } from './visit.ts';
import type { Words } from './words.ts';
import { json, type SandboxControls, type World } from './world.ts';

type Fields = Readonly<Record<string, unknown>>;
type Refused = { readonly fields: Fields; readonly wrong: readonly OrderField[] };

export const failuresAnswers = (controls: SandboxControls): Answers => ({
  'GET /failures': (asked) =>
    wantsJson(asked) ? json(asked.response, controls.failures.list()) : show(asked, failuresPage(asked.visit, asked.world, controls)),
  'POST /failures': (asked) => {
    const { world, visit, response } = asked;
    const { failures } = controls;
    const fields = wantsJson(asked) ? asked.fields : fromForm(asked.fields);
    const cleared = fields['clear'] !== undefined;
    const wrong = cleared ? [] : failures.mistakesIn(fields);
    if (wrong.length && wantsJson(asked)) return refuseJson(asked, 'client, endpoint, kind, count');
    if (wrong.length) return show(asked, failuresPage(visit, world, controls, { fields: asked.fields, wrong }), 422);
    if (cleared) failures.clear();
    else failures.order(fields);
    if (wantsJson(asked)) return json(response, failures.list());
    if (cleared) return goBack(asked, { done: 'cleared' });
    goBack(asked, { done: 'ordered', count: String(fields['count']), ...(fields['endpoint'] === 'jwks' ? {} : { client: String(fields['client']) }) });
  },
});

/** The page has one choice for endpoint and kind, "token server_error", so that without a script nobody can choose a pair that is none. */
function fromForm({ failure, ...fields }: Fields): Fields {
  const [endpoint, kind] = String(failure ?? '').split(' ');
  return { ...(failure === undefined ? {} : { endpoint, kind }), ...fields, count: typedNumber(fields['count']) };
}

const MESSAGE: Readonly<Record<OrderField, (words: Words['failures']) => string>> = {
  client: (words) => words.wrongClient,
  endpoint: (words) => words.wrongFailure,
  kind: (words) => words.wrongFailure,
  count: (words) => words.wrongCount(MOST_FAILURES),
};

function failuresPage(visit: Visit, world: World, controls: SandboxControls, refused: Refused = { fields: {}, wrong: [] }): string {
  const { failures: words } = visit.words;
  const { fields, wrong } = refused;
  const error = (...names: readonly OrderField[]): string | undefined => {
    const name = names.find((one) => wrong.includes(one));
    return name && MESSAGE[name](words);
  };
  const clients = controls.clients.map((one) => html`<option${one === fields['client'] && html` selected`}>${one}</option>`);
  return page(
    visit,
    world,
    words.title,
    html`${!wrong.length && doneNotice(visit, controls)}<p>${words.intro}</p>
<form method="post" action="${visit.link('/failures')}" class="card">${field(
      'client',
      { label: words.client, hint: words.clientHint, error: error('client') },
      (joined) => html`<select ${joined} autocomplete="off">${clients}</select>`,
    )}${field(
      'failure',
      { label: words.failure, error: error('endpoint', 'kind') },
      (joined) => html`<select ${joined} autocomplete="off">${failureOptions(visit, controls, fields['failure'])}</select>`,
    )}${field(
      'count',
      { label: words.count, hint: words.countHint(MOST_FAILURES), error: error('count') },
      (joined) => html`<input ${joined} dir="ltr" inputmode="numeric" autocomplete="off" value="${String(fields['count'] ?? 1)}">`,
    )}<button>${words.order}</button></form><section><h2>${words.waiting}</h2>${orders(visit, controls)}</section>
${programs(visit, ['GET /failures   (Accept: application/json)', 'POST /failures {"client": "sandbox", "endpoint": "token", "kind": "server_error", "count": 2}', 'POST /failures {"clear": true}'])}`,
  );
}

/** Only of what can be so: the address is anybody's to write. */
function doneNotice({ words, query }: Visit, { clients }: SandboxControls): Markup | undefined {
  const count = Number(query.get('count'));
  if (query.get('done') === 'cleared') return notice(words.failures.cleared);
  if (query.get('done') !== 'ordered' || !(count >= 1 && count <= MOST_FAILURES)) return undefined;
  return notice(words.failures.ordered(count, clients.find((one) => one === query.get('client')) ?? ''));
}

const kindName = ({ words }: Visit, { failures }: SandboxControls, kind: FailureKind): string => words.failures.kinds[kind](failures.slowMs / 1_000);

const failureOptions = (visit: Visit, controls: SandboxControls, chosen: unknown): readonly Markup[] =>
  (Object.keys(FAILURE_KINDS) as FailureEndpoint[]).map((endpoint) => {
    const options = FAILURE_KINDS[endpoint].map((kind) => {
      const value = `${endpoint} ${kind}`;
      return html`<option value="${value}"${value === chosen && html` selected`}>${kindName(visit, controls, kind)} (${kind})</option>`;
    });
    return html`<optgroup label="${visit.words.failures.endpoints[endpoint]} (${endpoint})">${options}</optgroup>`;
  });

function orders(visit: Visit, controls: SandboxControls): Markup {
  const { failures: words, number } = visit.words;
  const list = controls.failures.list();
  if (!list.length) return html`<p class="empty">${words.none}</p>`;
  const rows = list.map(
    ({ client, endpoint, kind, left }) =>
      html`<tr><td>${client ? code(client) : words.everybody}</td><td>${words.endpoints[endpoint]} ${code(endpoint)}</td><td>${kindName(visit, controls, kind)} ${code(kind)}</td><td>${number(left)}</td></tr>`,
  );
  return html`${table(words.waiting, [words.client, words.endpoint, words.failure, words.left], rows)}
<form method="post" action="${visit.link('/failures')}"><button class="quiet" name="clear" value="1">${words.clear}</button></form>`;
}
