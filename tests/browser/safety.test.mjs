// What the pages may load and run.

import assert from 'node:assert/strict';

import { eventually } from './eventually.mjs';
import * as pages from './pages.mjs';
import { scenarios } from './scenario.mjs';
import { startServer } from './server.mjs';

const scenario = scenarios();

for (const path of ['/dev/inbox', '/dev/try']) {
  scenario(`${path} has a strict content security policy`, {}, async (context) => {
    const page = await context.newPage();
    const response = await page.goto(path);
    const policy = response.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/);
    for (const directive of ['base-uri', 'form-action', 'frame-ancestors']) {
      assert.match(policy, new RegExp(`${directive} '(none|self)'`), 'no fall-back to default-src');
    }
    assert.doesNotMatch(policy, /unsafe-|\*|https?:|data:.*script/);
    assert.equal(response.headers()['x-content-type-options'], 'nosniff');
  });
}

for (const typed of [
  '<script>window.ran=1</script>',
  '<img src=x onerror=window.ran=1>',
  '"><svg onload=window.ran=1>',
]) {
  scenario(`${typed} as a number is refused and not run`, {
    expected: /status of 400/,
  }, async (context) => {
    const inbox = await pages.openInbox(context);
    const page = await pages.openTry(context);
    await pages.askForCode(page, typed);

    await eventually('the number is refused', 10_000, async () => {
      const text = await page.locator('body').innerText();
      const unsent = await page.locator('input[name=receiver]:invalid').count();
      return unsent > 0 || text.includes(typed) || /Ensure this field|number is invalid/.test(text);
    });
    for (const view of [page, inbox]) {
      assert.equal(await view.evaluate(() => window.ran), undefined);
      assert.equal(await view.locator('[onerror], [onload], img[src=x]').count(), 0);
    }
    assert.equal(await page.locator('input[name=code]').isVisible(), false);
    assert.equal(await inbox.locator('#messages > article').count(), 0);
  });
}

scenario('an open inbox does not keep the server from stopping', {
  expected: /ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)|another host/,
}, async (context) => {
  const server = await startServer();
  try {
    const inbox = await context.newPage();
    const listening = inbox.waitForResponse((response) =>
      response.headers()['content-type']?.startsWith('text/event-stream'),
    );
    await inbox.goto(`${server.origin}/dev/inbox`);
    await listening;
    await server.stop();
  } finally {
    await server.kill();
  }
});
