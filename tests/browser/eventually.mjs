import { setTimeout as wait } from 'node:timers/promises';

// Asks again until the answer is truthy, and returns it; fails after `within` milliseconds.
export async function eventually(what, within, ask) {
  const deadline = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await wait(20);
  }
}
