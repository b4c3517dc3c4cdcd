// How the pages look: in the dark and in the light, on a telephone, and from right to left. The
// screenshots are for people; what can be told from them by rule is asserted.

import assert from 'node:assert/strict';

import { screenshot } from './chromium.mjs';
import * as pages from './pages.mjs';
import { scenarios } from './scenario.mjs';

const scenario = scenarios();
const TELEPHONE = { width: 360, height: 740 };

const colours = (page) => page.evaluate(() => {
  const { color, backgroundColor } = getComputedStyle(document.body);
  return `${color} on ${backgroundColor}`;
});
const overflow = (page) => page.evaluate(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth - clientWidth;
});

scenario('dark and light, wide and narrow', {}, async (context) => {
  const inbox = await pages.openInbox(context);
  const page = await pages.openTry(context);
  await screenshot(page, 'try-empty');
  await pages.logIn(page, inbox, pages.randomMobile());
  await pages.claims(page, 'access');
  await pages.askForCode(await pages.openTry(context), pages.randomMobile());
  await inbox.locator('#messages > article').nth(1).waitFor();

  for (const [name, view] of [['inbox', inbox], ['try', page]]) {
    const seen = new Set();
    for (const colorScheme of ['light', 'dark']) {
      await view.emulateMedia({ colorScheme });
      await screenshot(view, `${name}-${colorScheme}`);
      seen.add(await colours(view));
    }
    assert.equal(seen.size, 2, `${name} looks the same in the dark: ${[...seen]}`);

    await view.setViewportSize(TELEPHONE);
    await screenshot(view, `${name}-narrow`);
    assert.equal(await overflow(view), 0, `${name} is wider than a telephone`);
  }
});

scenario('a Persian message runs from right to left', {}, async (context) => {
  const mobile = pages.randomMobile();
  const inbox = await pages.openInbox(context);
  await pages.askForCode(await pages.openTry(context), mobile);
  for (const arrival of ['live', 'reloaded']) {
    const text = pages.messagesFor(inbox, mobile).locator('.text');
    await text.waitFor();
    assert.match(await text.textContent(), /\p{Script=Arabic}/u);
    assert.match(await text.getAttribute('dir') ?? '', /^(auto|rtl)$/, arrival);
    const direction = await text.evaluate((element) => getComputedStyle(element).direction);
    assert.equal(direction, 'rtl', arrival);
    await screenshot(inbox, `inbox-persian-${arrival}`);
    await inbox.reload();
  }
});
