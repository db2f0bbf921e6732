// What the pages do better with a script; each works without it. No data leaves the page but through its forms.
(() => {
  const page = document.documentElement;
  const digits = new Intl.NumberFormat(page.lang === 'fa' ? 'fa-IR' : 'en-GB', { useGrouping: false });
  const all = (selector) => [...document.querySelectorAll(selector)];
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const ascii = (text) => text.replace(/[۰-۹٠-٩]/g, (digit) => String(digit.charCodeAt(0) & 15));

  // Show and hide a password.
  for (const button of all('.show')) {
    const input = document.getElementById(button.getAttribute('aria-controls'));
    button.hidden = false;
    button.addEventListener('click', () => {
      const shown = input.type === 'password';
      input.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', String(shown));
      button.textContent = shown ? button.dataset.hide : button.dataset.show;
      input.focus();
    });
    input.form?.addEventListener('submit', () => {
      input.type = 'password';
    });
  }

  // Warn about a Persian layout and Caps Lock.
  for (const input of all('.secret input')) {
    const note = document.getElementById(`${input.id}-keyboard`);
    let caps = false;
    const judge = () => {
      const text = /[\u0600-\u06ff]/.test(input.value) ? note.dataset.persian : caps && input.value ? note.dataset.caps : '';
      if (note.textContent !== text) note.textContent = text;
    };
    input.addEventListener('input', judge);
    input.addEventListener('keyup', (event) => {
      caps = Boolean(event.getModifierState?.('CapsLock'));
      judge();
    });
  }

  // Rules that tick themselves off. Whether a password has leaked is known to the server only, so that rule stays open.
  const rules = document.getElementById('rules');
  for (const input of all('[data-rules]')) {
    const words = JSON.parse(rules.dataset.words)
      .filter((word) => word && word.length >= 4)
      .map((word) => word.toLowerCase());
    const met = {
      length: (text, item) => [...text].length >= Number(item.dataset.minimum),
      context: (text) => text !== '' && !words.some((word) => ascii(text).toLowerCase().includes(word)),
    };
    input.addEventListener('input', () => {
      for (const item of rules.children) {
        const judge = met[item.dataset.rule];
        item.classList.remove('broken');
        if (!judge) continue;
        const ok = judge(input.value, item);
        item.classList.toggle('met', ok);
        item.querySelector('[data-state]').textContent = ok ? `: ${rules.dataset.met}` : `: ${rules.dataset.open}`;
      }
    });
  }

  // Countdowns: of a code's life, and of a button that may be used again.
  for (const node of all('[data-countdown]')) {
    const end = Date.now() + Number(node.dataset.countdown) * 1000;
    const tick = () => {
      const left = Math.max(0, Math.round((end - Date.now()) / 1000));
      const time = fill(node.dataset.minutes, { minutes: digits.format(Math.floor(left / 60)), seconds: digits.format(left % 60) });
      node.textContent = left > 0 ? fill(node.dataset.text, { time }) : node.dataset.over;
      if (left > 0) setTimeout(tick, 1000);
    };
    tick();
  }
  for (const button of all('[data-wait]')) {
    const text = button.textContent;
    const end = Date.now() + Number(button.dataset.wait) * 1000;
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? fill(button.dataset.text, { seconds: digits.format(left) }) : text;
      if (left > 0) setTimeout(tick, 1000);
    };
    tick();
  }

  // The certificate number that equals the national code.
  const same = document.getElementById('certificateSame');
  const certificate = document.getElementById('certificateNumber');
  if (same && certificate) {
    let typed = certificate.value;
    const apply = () => {
      if (same.checked && !certificate.readOnly) typed = certificate.value;
      certificate.readOnly = same.checked;
      certificate.value = same.checked ? certificate.dataset.same : typed;
    };
    same.addEventListener('change', apply);
    if (same.checked) apply();
  }

  // The code from the SMS, where the browser offers it (WebOTP).
  const code = document.querySelector('input.one-time');
  if (code && 'OTPCredential' in window) {
    const stop = new AbortController();
    code.form.addEventListener('submit', () => stop.abort());
    navigator.credentials
      .get({ otp: { transport: ['sms'] }, signal: stop.signal })
      .then((found) => {
        if (found && !code.value) code.value = found.code;
      })
      .catch(() => {});
  }

  // One press is enough. The busy state is taken back when the page is shown again.
  for (const form of all('form[method="post"]')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = 'yes';
      const button = event.submitter;
      if (!button?.classList.contains('button')) return;
      button.dataset.text0 = button.textContent;
      button.setAttribute('aria-disabled', 'true');
      if (!button.children.length) button.textContent = document.body.dataset.busy;
    });
  }
  window.addEventListener('pageshow', () => {
    for (const form of all('form[data-sent]')) delete form.dataset.sent;
    for (const button of all('[aria-disabled]')) {
      button.removeAttribute('aria-disabled');
      if (button.dataset.text0 && !button.children.length) button.textContent = button.dataset.text0;
    }
  });

  // When another tab signed in, this one goes on: the server answers the same address with a redirect then.
  const goOn = () => {
    if (!location.pathname.startsWith('/interaction/')) return;
    fetch(location.href, { method: 'HEAD', redirect: 'manual' })
      .then((answer) => {
        if (answer.type === 'opaqueredirect') location.reload();
      })
      .catch(() => {});
  };
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') goOn();
  });
  if ('BroadcastChannel' in window) {
    const channel = new BroadcastChannel('profile');
    if ('signedIn' in document.body.dataset) channel.postMessage('signed-in');
    channel.addEventListener('message', goOn);
  }
})();
