// Times and countdowns. Everything is written into elements that say what they show:
//
//   <time datetime="2026-01-01T00:00:00Z">         that moment, in the reader's own zone
//   <span data-until="1767225600000">              how long until then, once a second
//   <span data-until="…" data-before="Try again in " data-after="." data-over="Try again.">
//                                                  the same with words around it, others when over
//   <progress data-until="…" max="120000">         the same, in milliseconds

// How far the server's clock is ahead of ours.
let ahead = 0;

/**
 * Sets the clock by the server's, `serverNow` being milliseconds since the epoch.
 *
 * A small difference is the time that the page took to load, not a wrong clock.
 */
export function setClock(serverNow) {
  const difference = serverNow - Date.now();
  ahead = Math.abs(difference) > 2000 ? difference : 0;
}

export function now() {
  return Date.now() + ahead;
}

/** The moment in the reader's own zone: with its date unless that is today's. */
export function localTime(moment) {
  const date = new Date(moment);
  const today = new Date(now()).toDateString() === date.toDateString();
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const day = { year: "numeric", month: "short", day: "numeric" };
  return date.toLocaleString(document.documentElement.lang, today ? time : { ...day, ...time });
}

/** `1:05`, `2:01:05`, `6 d 23:59:59`: rounded up, so that it reads `0:00` only when over. */
export function duration(milliseconds) {
  const total = Math.max(0, Math.ceil(milliseconds / 1000));
  const days = Math.floor(total / 86400);
  const hours = Math.floor((total % 86400) / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const two = (number) => String(number).padStart(2, "0");
  const clock = `${minutes}:${two(total % 60)}`;
  if (days > 0) return `${days} d ${two(hours)}:${two(minutes)}:${two(total % 60)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : clock;
}

/** Writes the times below `root` in the reader's own zone. */
export function localize(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.title = time.dateTime;
    time.textContent = localTime(time.dateTime);
  }
}

/** Brings the countdowns below `root` up to date. */
export function tick(root = document) {
  for (const element of root.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Number(element.dataset.until) - now());
    if (element instanceof HTMLProgressElement) {
      element.value = left;
    } else {
      const { before = "", after = "", over } = element.dataset;
      const text = left === 0 && over ? over : before + duration(left) + after;
      if (element.textContent !== text) element.textContent = text;
    }
  }
}

/** Counts down in `element` from now; hides it if there is nothing to count. */
export function countDown(element, seconds) {
  element.hidden = !seconds;
  element.dataset.until = now() + (seconds || 0) * 1000;
  tick(element.parentNode);
}

setInterval(() => tick(), 250);
