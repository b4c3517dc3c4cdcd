// Buttons that copy a text near them: <button data-copies="selector">, looked for in the panel or
// line that the button is in.

const CONFIRMED_MS = 1500;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copies]");
  if (!button) return;
  const source = button.closest(".panel, .code-line").querySelector(button.dataset.copies);
  const copied = await copy(source);
  confirm(button, copied ? "Copied" : "Press Ctrl+C");
});

// The clipboard is open to pages of https and of localhost alone; elsewhere the old way may do,
// and at worst the text is left selected.
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}

function confirm(button, text) {
  button.dataset.label ??= button.textContent;
  button.textContent = text;
  clearTimeout(button.confirmation);
  button.confirmation = setTimeout(() => {
    button.textContent = button.dataset.label;
  }, CONFIRMED_MS);
  const announce = document.getElementById("announce");
  if (announce) announce.textContent = text;
}
