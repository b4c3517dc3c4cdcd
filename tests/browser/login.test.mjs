// A login at /dev/try, with the code from an inbox that was open before.

import assert from 'node:assert/strict';

import * as pages from './pages.mjs';
import { scenarios } from './scenario.mjs';

const scenario = scenarios();

scenario('a login, with the code read as it arrives', {}, async (context) => {
  const mobile = pages.randomMobile();
  const inbox = await pages.openInbox(context);
  await inbox.evaluate(() => { window.sameDocument = true; });
  const page = await pages.openTry(context);

  await pages.askForCode(page, mobile);
  const message = pages.messagesFor(inbox, mobile);
  const code = await pages.codeFor(inbox, mobile);
  assert.equal(await message.count(), 1);
  assert.match(await message.locator('.text').textContent(), new RegExp(code));
  assert.equal(await inbox.evaluate(() => window.sameDocument), true, 'the inbox was reloaded');
  const before = await message.locator('.state').textContent();

  const field = page.locator('input[name=code]');
  assert.equal(await field.getAttribute('autocomplete'), 'one-time-code');
  await pages.answer(page, code);
  const access = await pages.claims(page, 'access');
  const refresh = await pages.claims(page, 'refresh');
  assert.equal(access.token_type, 'access');
  assert.equal(refresh.token_type, 'refresh');
  assert.ok(Number.isInteger(access.user_id));
  assert.equal(refresh.user_id, access.user_id);
  assert.equal(access.exp - access.iat, 30 * 60);
  assert.equal(refresh.exp - refresh.iat, 7 * 24 * 60 * 60);

  await inbox.reload();
  const after = await message.locator('.state').textContent();
  assert.notEqual(after, before, 'the state does not tell that the code was used');
});

scenario('the refresh button renews both tokens', {}, async (context) => {
  const inbox = await pages.openInbox(context);
  const page = await pages.openTry(context);
  await pages.logIn(page, inbox, pages.randomMobile());
  let access = await pages.claims(page, 'access');
  let refresh = await pages.claims(page, 'refresh');

  for (let time = 1; time <= 2; time += 1) {
    await page.locator('#refresh').click();
    const newAccess = await pages.claims(page, 'access', ({ jti }) => jti !== access.jti);
    const newRefresh = await pages.claims(page, 'refresh', ({ jti }) => jti !== refresh.jti);
    assert.equal(newAccess.user_id, access.user_id);
    assert.equal(newRefresh.user_id, refresh.user_id);
    [access, refresh] = [newAccess, newRefresh];
  }
});

scenario('a wrong code is told, and the right one still works', {
  expected: /status of 400/, // Chromium writes a refused fetch to the console
}, async (context) => {
  const mobile = pages.randomMobile();
  const inbox = await pages.openInbox(context);
  const page = await pages.openTry(context);
  await pages.askForCode(page, mobile);
  const code = await pages.codeFor(inbox, mobile);
  const wrong = String((Number(code) + 1) % 100_000).padStart(5, '0');

  await pages.answer(page, wrong);
  await page.getByRole('alert').filter({ hasText: pages.WRONG_CODE }).waitFor();
  assert.equal(await page.locator('#access-claims').isVisible(), false);

  await pages.answer(page, code);
  assert.equal((await pages.claims(page, 'access')).token_type, 'access');
  assert.equal(await page.getByRole('alert').filter({ hasText: pages.WRONG_CODE }).isVisible(), false, 'the error stays');
});

scenario('Persian digits will do', {}, async (context) => {
  const persian = (text) => text.replace(/\d/g, (digit) => '۰۱۲۳۴۵۶۷۸۹'[digit]);
  const mobile = pages.randomMobile();
  const inbox = await pages.openInbox(context);
  const page = await pages.openTry(context);
  await pages.askForCode(page, persian(mobile));
  await pages.answer(page, persian(await pages.codeFor(inbox, mobile)));
  assert.equal((await pages.claims(page, 'access')).token_type, 'access');
});
