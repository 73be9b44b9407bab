// Elements from plain values. Text is only ever set as text: what a spec or a server says is never markup.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const byId = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// The control surface ------------------------------------------------------------------------------------------------

export async function control(path, options = {}) {
  if (options.body !== undefined) {
    options = { ...options, body: JSON.stringify(options.body), headers: { "content-type": "application/json" } };
  }
  const answer = await fetch("/_sandbox" + path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error ?? `status ${answer.status}`);
  return body;
}

// Values as people read them -----------------------------------------------------------------------------------------

export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export const seconds = (value) => (value < 1 ? `${(value * 1000).toFixed(1)} ms` : `${value.toFixed(2)} s`);

export const clockTime = (at) => new Date(at * 1000).toLocaleTimeString([], { hour12: false });

// Descriptions are Markdown. Paragraphs, lists, `code` and **strong** are shown as such, the rest as it is written.
export function prose(text) {
  return String(text ?? "").trim().split(/\n\s*\n/).filter(Boolean).map((block) => {
    const lines = block.split("\n");
    if (lines.every((line) => /^\s*([-*]\s|\s+\S)/.test(line))) {
      const items = block.split(/\n?^\s*[-*]\s+/m).filter((item) => item.trim());
      return el("ul", {}, items.map((item) => el("li", {}, inline(item))));
    }
    return el("p", {}, inline(block));
  });
}

export function inline(text) {
  return text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/).map((part) => {
    if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) return el("code", {}, part.slice(1, -1));
    if (part.length > 4 && part.startsWith("**") && part.endsWith("**")) return el("strong", {}, part.slice(2, -2));
    return part;
  });
}

export function copyButton(label, text) {
  const button = el("button", {
    type: "button",
    class: "quiet",
    onclick: async () => {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = label), 1500);
    },
  }, label);
  return button;
}
