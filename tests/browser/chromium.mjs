// Debian's Chromium, and everything that it complains of.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const PATIENCE = 10_000; // milliseconds for a page, an element or an action
const SCREENSHOTS = fileURLToPath(new URL('screenshots/', import.meta.url));

export function launch() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', // CI is root
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

// A browser without a past. `problems` collects what no page may cause: console errors, uncaught
// errors, violations of the content security policy, dialogs, and requests to any other host.
export async function visit(browser, origin, options) {
  const context = await browser.newContext({ baseURL: origin, locale: 'fa-IR', ...options });
  context.setDefaultTimeout(PATIENCE);
  const problems = [];
  await context.exposeBinding('reportViolation', (_, violation) => {
    problems.push(`content security policy: ${violation}`);
  });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.effectiveDirective} forbids ${event.blockedURI}`);
    });
  });
  context.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => problems.push(`uncaught: ${error.error()}`));
  context.on('dialog', async (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== origin) {
      problems.push(`request to another host: ${url}`);
    }
  });
  return { context, problems };
}

export async function screenshot(page, name) {
  await mkdir(SCREENSHOTS, { recursive: true });
  return page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}
