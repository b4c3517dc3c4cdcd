// A test is a scenario: a fresh browser context on the file's own server, at whose end no page may
// have caused a problem that the scenario did not expect.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, screenshot, visit } from './chromium.mjs';
import { startServer } from './server.mjs';

export function scenarios(settings) {
  let server;
  let browser;
  before(async () => {
    server = await startServer(settings);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  // `expected`: a pattern of the problems that belong to the scenario. The rest are the context's
  // options. `body` is given the context and the server.
  return function scenario(name, { expected, ...options }, body) {
    test(name, async () => {
      const { context, problems } = await visit(browser, server.origin, options);
      try {
        await body(context, server);
        const unexpected = problems.filter((problem) => !expected?.test(problem));
        assert.equal([...new Set(unexpected)].join('\n'), '');
      } catch (error) {
        await explain(name, context, server, problems);
        throw error;
      } finally {
        await context.close();
      }
    });
  };
}

async function explain(name, context, server, problems) {
  const file = `failed-${name.replace(/\W+/g, '-')}`;
  for (const [number, page] of context.pages().entries()) {
    await screenshot(page, `${file}-${number + 1}`).catch(() => {});
  }
  const log = await server.log().catch(() => '');
  console.error(`${name}: screenshots/${file}-*.png\n${problems.join('\n')}\n${log}`);
}
