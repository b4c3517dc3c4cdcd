// The login, step by step: number, code, tokens. A step's form is shown once the one before it
// has been answered; an answer to an earlier step takes the later ones back.

import { countDown, localTime, tick } from "./clock.js";
import "./copy.js";
import { claims, showJson, showToken } from "./jwt.js";
import { complaint, post, showRequest } from "./wire.js";

const CREATE = "/api/auth/otp/create/";
const VERIFY = "/api/auth/otp/verify/";
const REFRESH = "/api/auth/otp/refresh/";

const byId = (id) => document.getElementById(id);
const steps = { number: byId("number"), code: byId("code"), tokens: byId("tokens") };
const receiver = document.querySelector("input[name=receiver]");
const code = document.querySelector("input[name=code]");
const renew = byId("refresh");
const announce = byId("announce");

// What the server has given us: `{ uuid, receiver }` of the challenge, and the tokens.
let challenge;
let tokens;
let renewals = 0;
// Ends the wait for an SMS that the browser would read for us.
let listening;

byId("create-form").addEventListener("submit", (event) => {
  event.preventDefault();
  askForCode(steps.number);
});
byId("resend").addEventListener("click", () => askForCode(steps.code));
byId("verify-form").addEventListener("submit", (event) => {
  event.preventDefault();
  giveCode();
});
renew.addEventListener("click", renewTokens);
receiver.addEventListener("input", showPending);
code.addEventListener("input", showPending);
showPending();

async function askForCode(step) {
  const asked = step === steps.code ? challenge.receiver : receiver.value;
  const answer = await send(step, CREATE, { receiver: asked });
  if (!answer) return;
  challenge = { uuid: answer.body.uuid, receiver: answer.body.receiver };
  const { message, expires_in: expiresIn, resend_in: resendIn } = answer.body;
  byId("said").textContent = message;
  byId("open-inbox").href = `/dev/inbox?to=${encodeURIComponent(challenge.receiver)}`;
  byId("sent-to").textContent = challenge.receiver;
  countDown(byId("valid"), expiresIn);
  countDown(byId("resend-in"), resendIn);
  code.value = "";
  steps.number.dataset.done = "";
  delete steps.code.dataset.done;
  steps.code.hidden = false;
  steps.tokens.hidden = true;
  showPending();
  announce.textContent = message;
  code.focus();
  listenForSms();
}

async function giveCode() {
  const answer = await send(steps.code, VERIFY, codeRequest());
  if (!answer) {
    code.focus();
    code.select();
    return;
  }
  listening?.abort();
  steps.code.dataset.done = "";
  countDown(byId("valid"), 0);
  renewals = 0;
  showTokens(answer.body);
  steps.tokens.hidden = false;
  announce.textContent = "Logged in";
  renew.focus();
}

async function renewTokens() {
  const answer = await send(steps.tokens, REFRESH, { refresh: tokens.refresh });
  if (!answer) return;
  renewals += 1;
  showTokens(answer.body);
  announce.textContent = "Tokens renewed";
}

// Sends a step's request. Gives the answer if it is a good one, and shows what is wrong if not.
async function send(step, path, body) {
  if (step.ariaBusy === "true") return undefined;
  step.ariaBusy = "true";
  clearAlert();
  try {
    const answer = await post(step, path, body);
    if (answer.ok && answer.body) return answer;
    showAlert(step, complaint(answer), answer.retryAfter);
  } catch (error) {
    showAlert(step, `The server cannot be reached (${error.message}).`, 0);
  } finally {
    step.ariaBusy = "false";
  }
  return undefined;
}

// There is one alert on the page at most: that of the last request.
function showAlert(step, words, retryAfter) {
  const alert = byId("alert").content.cloneNode(true);
  alert.querySelector("[role=alert]").textContent = words;
  countDown(alert.querySelector(".retry"), retryAfter);
  step.querySelector(".outcome").replaceChildren(alert);
}

function clearAlert() {
  for (const outcome of document.querySelectorAll(".outcome")) outcome.replaceChildren();
}

function showTokens(given) {
  tokens = { ...tokens, ...given };
  showOne("access", tokens.access);
  showOne("refresh", tokens.refresh);
  byId("renewals").textContent = renewals > 0 ? `Renewed ${renewals} ×` : "";
  showPending();
}

function showOne(name, token) {
  const card = byId(`${name}-token`);
  const read = claims(token);
  showJson(byId(`${name}-claims`), read);
  showToken(card.querySelector(".jwt"), token);
  card.querySelector(".issued").textContent = localTime(read.iat * 1000);
  card.querySelector(".expires").textContent = localTime(read.exp * 1000);
  card.querySelector(".left").dataset.until = read.exp * 1000;
  tick(card);
}

// Shows each step's request as it would go out now.
function showPending() {
  showRequest(steps.number, CREATE, { receiver: receiver.value });
  if (challenge) showRequest(steps.code, VERIFY, codeRequest());
  if (tokens) showRequest(steps.tokens, REFRESH, { refresh: tokens.refresh });
}

function codeRequest() {
  return { uuid: challenge.uuid, receiver: challenge.receiver, code: code.value };
}

// WebOTP: where the browser can read the SMS, it fills the code in. Nothing is lost where not.
async function listenForSms() {
  if (!("OTPCredential" in window)) return;
  listening?.abort();
  listening = new AbortController();
  try {
    const otp = { transport: ["sms"] };
    const credential = await navigator.credentials.get({ otp, signal: listening.signal });
    code.value = credential.code;
    giveCode();
  } catch {
    // Refused, aborted or not to be had: the person types it.
  }
}
