// What goes over the wire: the request, the same as a curl line, and the answer.

import { showJson } from "./jwt.js";

// Sent by the browser in any case; said here so that curl says it, too.
const language = navigator.languages?.join(", ") || "*";

/**
 * Posts `body` to `path` and shows the answer in `panel`.
 *
 * Gives `{ status, ok, body, text, retryAfter }`: `body` is undefined where the answer is no JSON,
 * `retryAfter` is in seconds. Throws where there was no answer.
 */
export async function post(panel, path, body) {
  showRequest(panel, path, body);
  showAnswer(panel, "waiting", "…", "");
  const started = performance.now();
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": language },
    body: JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
  });
  const text = await response.text();
  const answer = {
    status: response.status,
    ok: response.ok,
    body: parse(text),
    text,
    retryAfter: Number(response.headers.get("Retry-After")) || 0,
  };
  const took = Math.round(performance.now() - started);
  const waiting = answer.retryAfter ? ` · Retry-After: ${answer.retryAfter}` : "";
  const line = `${response.status} ${response.statusText} · ${took} ms${waiting}`;
  showAnswer(panel, response.ok ? "good" : "bad", line, answer.body ?? text);
  return answer;
}

/** Shows the request in `panel` as a line for a shell. */
export function showRequest(panel, path, body) {
  const lines = [
    `curl ${location.origin}${path}`,
    "-H 'Content-Type: application/json'",
    `-H ${quote(`Accept-Language: ${language}`)}`,
    `-d ${quote(JSON.stringify(body))}`,
  ];
  panel.querySelector(".curl").textContent = lines.join(" \\\n  ");
}

/** What an answer says of its failure, in the server's own words. */
export function complaint(answer) {
  const { body, text } = answer;
  const words = body?.message ?? body?.detail;
  if (typeof words === "string") return words.trim();
  return text || `The server answered ${answer.status}.`;
}

function showAnswer(panel, outcome, line, body) {
  const answer = panel.querySelector(".answer");
  answer.hidden = false;
  answer.dataset.outcome = outcome;
  answer.querySelector(".status").textContent = line;
  const shown = answer.querySelector(".answer-body");
  if (typeof body === "string") shown.textContent = body;
  else showJson(shown, body);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// A shell reads nothing into what stands in single quotes, but for their end.
function quote(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
