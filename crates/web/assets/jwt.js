// JSON Web Tokens, read and shown. Nothing here verifies a signature: that is the API's part.

/** The claims of a token. */
export function claims(token) {
  return JSON.parse(decode(token.split(".")[1]));
}

function decode(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/** Writes a token into `element`, its three parts told apart. */
export function showToken(element, token) {
  const parts = token.split(".").flatMap((part, index) => {
    const kind = ["jwt-header", "jwt-claims", "jwt-signature"][index] ?? "";
    return index > 0 ? [".", span(kind, part)] : [span(kind, part)];
  });
  element.replaceChildren(...parts);
}

/** Writes `value` into `element` as JSON that reads and parses well. */
export function showJson(element, value) {
  element.replaceChildren(...highlight(JSON.stringify(value, null, 2)));
}

// A string is a key where a colon follows it. What matches nothing here is punctuation.
const JSON_WORD = /("(?:[^"\\]|\\.)*")(?=(:)?)|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null/giu;

function highlight(json) {
  const nodes = [];
  let end = 0;
  for (const match of json.matchAll(JSON_WORD)) {
    const [word, string, colon] = match;
    const kind = string ? (colon ? "json-key" : "json-string") : "json-value";
    nodes.push(json.slice(end, match.index), span(kind, word));
    end = match.index + word.length;
  }
  nodes.push(json.slice(end));
  return nodes;
}

function span(kind, text) {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  return element;
}
