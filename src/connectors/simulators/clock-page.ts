import { type Answers, type Asked, goBack, refuseJson, show, typedNumber, wantsJson } from './asked.ts';
import { field, notice, page, programs } from './frame.ts';
import { code, html } from './markup.ts';
import type { Visit } from './visit.ts';
import { json, type SandboxControls, type World } from './world.ts';

const FURTHEST_YEARS = 10;
/** What is later than that is a slip of the finger. */
const FURTHEST_SECONDS = FURTHEST_YEARS * 365 * 24 * 60 * 60;
/** Seconds. */
const STEPS = [60, 300, 1_800, 3_600, 43_200, 86_400, 2_592_000];

export const clockAnswers = (controls: SandboxControls): Answers => ({
  'GET /clock': (asked) => (wantsJson(asked) ? json(asked.response, clockState(asked, controls)) : show(asked, clockPage(asked.visit, asked.world, controls))),
  'POST /clock': (asked) => {
    const { world, visit, fields, response } = asked;
    const seconds = wantsJson(asked) ? Number(fields['advance']) : typedNumber(fields['advance']);
    const mistake = mistakeIn(seconds, controls);
    if (mistake && wantsJson(asked)) return refuseJson(asked, 'advance');
    if (mistake) return show(asked, clockPage(visit, world, controls, { mistake, typed: String(fields['advance'] ?? '') }), 422);
    controls.clock.advance(seconds);
    if (wantsJson(asked)) json(response, clockState(asked, controls));
    else goBack(asked, { done: 'moved' });
  },
});

type Mistake = 'wrong' | 'far';
function mistakeIn(seconds: number, { clock }: SandboxControls): Mistake | undefined {
  if (!Number.isInteger(seconds) || seconds < 1) return 'wrong';
  return clock.ahead() + seconds > FURTHEST_SECONDS ? 'far' : undefined;
}

const clockState = ({ world }: Asked, { clock }: SandboxControls): object => ({ now: new Date(world.now()).toISOString(), ahead: clock.ahead() });

export const aheadOf = ({ words }: Visit, { clock }: SandboxControls): string =>
  clock.ahead() ? words.clock.ahead(words.duration(clock.ahead())) : words.clock.right;

function clockPage(visit: Visit, world: World, controls: SandboxControls, refused?: { readonly mistake: Mistake; readonly typed: string }): string {
  const { clock: words, duration } = visit.words;
  const ahead = controls.clock.ahead();
  const now = world.now();
  const moved = visit.query.get('done') === 'moved' && !refused && ahead > 0;
  const errors: Readonly<Record<Mistake, string>> = { wrong: words.wrong, far: words.far(FURTHEST_YEARS) };
  return page(
    visit,
    world,
    words.title,
    html`${moved && notice(aheadOf(visit, controls))}<p>${words.intro}</p>
<div class="card now"><p><strong>${words.now}</strong> <time datetime="${new Date(now).toISOString()}">${visit.words.moment(now)}</time></p>
<p>${!moved && aheadOf(visit, controls)} ${code(`+${ahead} s`)} ${code(new Date(now).toISOString())}</p></div>
<section><h2>${words.steps}</h2><form method="post" aria-label="${words.steps}" action="${visit.link('/clock')}" class="steps">${STEPS.map(
      (seconds) => html`<button name="advance" value="${seconds}">${duration(seconds)}</button>`,
    )}</form></section>
<section><h2>${words.own}</h2><form method="post" action="${visit.link('/clock')}" >${field(
      'advance',
      { label: words.seconds, hint: words.secondsHint, error: refused && errors[refused.mistake] },
      (joined) =>
        html`<span class="beside"><input ${joined} dir="ltr" inputmode="numeric" autocomplete="off" value="${refused?.typed ?? ''}"><button>${words.forward}</button></span>`,
    )}</form></section><p class="soft">${words.back}</p>
${programs(visit, ['GET /clock   (Accept: application/json)', 'POST /clock {"advance": 3600}'])}`,
  );
}
