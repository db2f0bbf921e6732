import { readFileSync } from 'node:fs';
import type { Answer, Answers } from './asked.ts';

/** Copies a value when it is pressed, and takes over what is new in a page that is open. Every page works without it. */
const SCRIPT = `(() => {
  const { copyWord, copied } = document.body.dataset;
  const said = document.getElementById('said');
  const say = (text) => { said.textContent = ''; setTimeout(() => { said.textContent = text; }, 50); };
  document.documentElement.classList.add('script');

  const makeButtons = (root) => {
    for (const value of root.querySelectorAll('bdi[data-copy]')) {
      const button = document.createElement('button');
      const hint = document.createElement('span');
      button.type = 'button';
      button.className = 'copy';
      button.dataset.value = value.textContent;
      hint.className = 'unseen';
      hint.textContent = ' ' + copyWord;
      value.replaceWith(button);
      button.append(value, hint);
    }
  };
  makeButtons(document);

  document.addEventListener('click', async ({ target }) => {
    const button = target.closest('.copy');
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.value);
    } catch {
      getSelection().selectAllChildren(button.querySelector('bdi'));
      return;
    }
    button.classList.add('copied');
    say(copied);
    setTimeout(() => button.classList.remove('copied'), 1500);
  });

  const live = document.querySelector('[data-live]');
  let last;
  const renew = async () => {
    if (document.hidden) return;
    try {
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html');
      const fresh = page.querySelector('[data-live]').innerHTML;
      if (last !== undefined && last !== fresh) {
        const held = live.contains(document.activeElement) ? document.activeElement.dataset.value : undefined;
        live.innerHTML = fresh;
        makeButtons(live);
        if (held) [...live.querySelectorAll('.copy')].find((one) => one.dataset.value === held)?.focus();
        say(live.dataset.live);
      }
      last = fresh;
    } catch {
      // The server is gone for the moment; the next try tells.
    }
  };
  if (live) {
    renew();
    setInterval(renew, 1500);
  }
})();
`;

const asset =
  (type: string, content: string | Buffer): Answer =>
  ({ response }) =>
    void response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache' }).end(content);
const read = (path: string): Buffer => readFileSync(new URL(path, import.meta.url));

export const ASSETS: Answers = {
  'GET /pages.css': asset('text/css; charset=utf-8', read('./pages.css')),
  'GET /pages.js': asset('text/javascript; charset=utf-8', SCRIPT),
  // The font of the citizens' pages; there is one copy of it.
  'GET /vazirmatn.woff2': asset('font/woff2', read('../../browser/vazirmatn.woff2')),
};
