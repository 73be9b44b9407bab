// The protocol's state: lanes of things, graphs, tables; or its JSON where nobody drew it.

import { byId, control, el, svg } from "./dom.js";

const SIGNS = { plain: "", waiting: "…", busy: "▸", good: "✓", bad: "✗" };
const WORDS = { plain: "", waiting: "waiting", busy: "in progress", good: "good", bad: "failed" };

export class Picture {
  constructor(onReset) {
    this.panel = byId("view-picture");
    this.onReset = onReset;
    this.wanted = false;
    this.drawn = "";
  }

  // Called with every arrival; asks at most once in 300 ms, and only while somebody looks.
  later() {
    if (this.wanted || this.panel.hidden) return;
    this.wanted = true;
    setTimeout(() => this.look(), 300);
  }

  async look() {
    this.wanted = false;
    const [drawings, state] = await Promise.all([control("/picture"), control("/state")]);
    const now = JSON.stringify([drawings, state]);
    if (now === this.drawn) return;
    this.drawn = now;
    const open = this.panel.querySelector("details.raw")?.open;
    this.panel.replaceChildren(
      ...drawings.map((drawing) => el("section", { class: "drawing" }, el("h3", {}, drawing.title), DRAW[drawing.kind](drawing), rest(drawing.hidden))),
      el("details", { class: "raw", open: open || drawings.length === 0 }, el("summary", {}, "As JSON"), el("pre", {}, JSON.stringify(state, null, 2))),
      el("p", {}, el("button", { type: "button", class: "quiet", onclick: () => this.reset() }, "Begin anew")),
    );
  }

  async reset() {
    if (!confirm("Drop everything that this sandbox holds?")) return;
    await control("/reset", { method: "POST" });
    this.onReset();
    this.look();
  }
}

const rest = (hidden) => (hidden ? el("p", { class: "dim" }, `and ${hidden} more`) : "");

const signed = (tone, text) => {
  const sign = SIGNS[tone ?? "plain"];
  return [sign ? el("span", { class: "sign", "aria-hidden": "true" }, sign) : "", WORDS[tone] ? el("span", { class: "unseen" }, `${WORDS[tone]}: `) : "", text];
};

const DRAW = {
  lanes: ({ lanes = [], empty = "Nothing yet." }) =>
    lanes.length
      ? el("div", { class: "lanes" }, lanes.map((lane) =>
          el("div", { class: "lane" },
            el("h4", { class: lane.tone ?? "plain" }, signed(lane.tone, lane.name), lane.note ? el("small", {}, lane.note) : ""),
            el("ol", { tabindex: "0", "aria-label": lane.name }, lane.hidden ? el("li", { class: "dim" }, `${lane.hidden} earlier`) : "", (lane.items ?? []).map((item) =>
              el("li", { class: item.tone ?? "plain", title: item.about }, el("span", {}, signed(item.tone, item.label)), item.note ? el("small", {}, item.note) : ""))),
          )))
      : el("p", { class: "hint" }, empty),

  table: ({ columns = [], rows = [], empty = "Nothing yet." }) =>
    rows.length
      ? el("div", { class: "wide", tabindex: "0" }, el("table", {},
          el("thead", {}, el("tr", {}, columns.map((column) => el("th", { scope: "col" }, column)))),
          el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell)))))))
      : el("p", { class: "hint" }, empty),

  graph: (graph) => (graph.nodes?.length ? drawGraph(graph) : el("p", { class: "hint" }, graph.empty ?? "Nothing yet.")),
};

// Layers from left to right: a node stands one to the right of the last of those that lead to it.
const WIDTH = 168, HEIGHT = 52, GAP_X = 56, GAP_Y = 18;

function drawGraph({ title, nodes, edges = [], note }) {
  const layer = layers(nodes, edges);
  const columns = new Map();
  const place = new Map();
  for (const node of nodes) {
    const column = layer.get(node.id);
    const row = columns.get(column) ?? 0;
    columns.set(column, row + 1);
    place.set(node.id, [column * (WIDTH + GAP_X) + 4, row * (HEIGHT + GAP_Y) + 4]);
  }
  const width = columns.size * (WIDTH + GAP_X);
  const height = Math.max(...columns.values()) * (HEIGHT + GAP_Y) + 8;
  const lines = edges.map(([from, to]) => {
    const [x1, y1] = place.get(from), [x2, y2] = place.get(to);
    const middle = (x1 + WIDTH + x2) / 2;
    return svg("path", { class: "edge", d: `M${x1 + WIDTH} ${y1 + HEIGHT / 2} C${middle} ${y1 + HEIGHT / 2} ${middle} ${y2 + HEIGHT / 2} ${x2} ${y2 + HEIGHT / 2}` });
  });
  const boxes = nodes.map((node) => {
    const [x, y] = place.get(node.id);
    const text = (content, dy, kind) => {
      const made = svg("text", { x: 10, y: dy, class: kind });
      made.textContent = content.length > 22 ? `${content.slice(0, 21)}…` : content;
      return made;
    };
    const hover = svg("title", {});
    hover.textContent = `${node.label} ${node.note ?? ""}`;
    return svg("g", { class: `node ${node.tone ?? "plain"}`, transform: `translate(${x} ${y})` }, hover,
      svg("rect", { width: WIDTH, height: HEIGHT, rx: 8 }), text(`${SIGNS[node.tone ?? "plain"]} ${node.label}`.trim(), 22, "label"), text(node.note ?? "", 40, "note"));
  });
  const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said(title, nodes) }, ...lines, ...boxes);
  return el("div", {}, note ? el("p", { class: "dim" }, note) : "", el("div", { class: "wide", tabindex: "0" }, drawing));
}

function said(title, nodes) {
  const counts = new Map();
  for (const node of nodes) counts.set(node.note ?? "", (counts.get(node.note ?? "") ?? 0) + 1);
  return `${title}: ${nodes.length} nodes; ${[...counts].map(([note, count]) => `${count} ${note}`).join(", ")}`;
}

function layers(nodes, edges) {
  const layer = new Map(nodes.map((node) => [node.id, 0]));
  for (let round = 0; round < nodes.length; round += 1) {
    let moved = false;
    for (const [from, to] of edges) {
      if (layer.get(to) < layer.get(from) + 1 && layer.get(from) + 1 < nodes.length) {
        layer.set(to, layer.get(from) + 1);
        moved = true;
      }
    }
    if (!moved) break;
  }
  return layer;
}
