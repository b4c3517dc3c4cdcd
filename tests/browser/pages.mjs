// What a person does on the developer's pages.

import assert from 'node:assert/strict';

import { eventually } from './eventually.mjs';

export const WRONG_CODE = 'کد ارسال شده درست نمیباشد';
const PATIENCE = 10_000; // milliseconds

export function randomMobile() {
  return `0912${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`;
}

// --- /dev/inbox ---

// Opened, and listening for messages.
export async function openInbox(context) {
  const page = await context.newPage();
  const listening = page.waitForResponse((response) =>
    response.headers()['content-type']?.startsWith('text/event-stream'),
  );
  const response = await page.goto('/dev/inbox');
  assert.equal(response.status(), 200);
  await listening;
  return page;
}

// The messages for a number, however its digits are spaced.
export function messagesFor(inbox, mobile) {
  const digits = new RegExp([...mobile.slice(1)].join('\\D*'));
  const to = inbox.locator('.to').filter({ hasText: digits });
  return inbox.locator('#messages > article').filter({ has: to });
}

export async function codeFor(inbox, mobile) {
  const code = await messagesFor(inbox, mobile).locator('.code').textContent();
  assert.match(code.trim(), /^\d{5}$/);
  return code.trim();
}

// --- /dev/try ---

export async function openTry(context) {
  const page = await context.newPage();
  const response = await page.goto('/dev/try');
  assert.equal(response.status(), 200);
  return page;
}

export function submit(page, field) {
  return page.locator(`form:has(input[name=${field}]) button:not([type=button])`).click();
}

export async function askForCode(page, number) {
  await page.locator('input[name=receiver]').fill(number);
  await submit(page, 'receiver');
}

export async function answer(page, code) {
  await page.locator('input[name=code]').fill(code);
  await submit(page, 'code');
}

// The claims shown, once `wanted` agrees with them.
export function claims(page, kind, wanted = () => true) {
  return eventually(`the ${kind} token's claims are shown`, PATIENCE, async () => {
    const shown = parsed(await page.locator(`#${kind}-claims`).textContent());
    return shown && wanted(shown) && shown;
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not written yet
  }
}

export async function logIn(page, inbox, mobile) {
  await askForCode(page, mobile);
  await answer(page, await codeFor(inbox, mobile));
}
