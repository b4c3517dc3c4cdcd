// Keeps the inbox up to date: each event is one message as the server renders it, new or changed.

import { localize, setClock, tick } from "./clock.js";
import "./copy.js";

const list = document.getElementById("messages");
const empty = document.getElementById("empty");
const live = document.getElementById("live");
const announce = document.getElementById("announce");
const title = document.title;
let unseen = 0;

for (const origin of document.querySelectorAll("[data-origin]")) {
  origin.textContent = location.origin;
}
if (list) {
  setClock(Number(list.dataset.now));
  localize(document);
  tick();
  follow(list.dataset.events);
}

function follow(events) {
  const source = new EventSource(events);
  source.onopen = () => say("live", "Live");
  source.onerror = () => {
    const ended = source.readyState === EventSource.CLOSED;
    say("lost", ended ? "Not live: reload the page" : "Reconnecting…");
  };
  source.onmessage = (event) => show(article(event.data));
}

function say(state, text) {
  live.dataset.live = state;
  live.textContent = text;
}

// Every text in it was escaped by the server's template; a parsed document runs no script.
function article(html) {
  return new DOMParser().parseFromString(html, "text/html").querySelector("article");
}

function show(message) {
  localize(message);
  const shown = document.getElementById(message.id);
  if (!shown) {
    arrive(message);
  } else if (shown.dataset.look !== message.dataset.look) {
    change(shown, message);
  }
}

function arrive(message) {
  message.classList.add("arriving");
  list.prepend(message);
  while (list.children.length > Number(list.dataset.limit)) list.lastElementChild.remove();
  empty.hidden = true;
  const text = (name) => message.querySelector(name).textContent;
  announce.textContent = `Code ${text(".code")} to ${text(".to")}`;
  if (document.hidden) document.title = `(${(unseen += 1)}) ${title}`;
}

function change(shown, message) {
  const focused = shown.contains(document.activeElement);
  const place = focused ? document.activeElement.className : "";
  shown.replaceWith(message);
  if (focused) message.getElementsByClassName(place)[0]?.focus();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unseen = 0;
  document.title = title;
});
