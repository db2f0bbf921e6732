import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** The Debian package's Chromium where it is installed; otherwise the one that a dev dependency carries. */
const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function launchChromium(): Promise<Browser> {
  const system = SYSTEM.find((path) => existsSync(path));
  const flags = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];
  if (system) return chromium.launch({ executablePath: system, args: flags });
  const { default: bundled } = await import('@sparticuz/chromium');
  return chromium.launch({ executablePath: await bundled.executablePath(), args: [...bundled.args, ...flags] });
}
