// Requests as they happen, each with the verdict of the contract. Only the rows in sight are in the page.

import { byId, clockTime, control, el, pretty, seconds } from "./dom.js";

const ROW = 34; // pixels, as in style.css
const MOST = 50_000; // rows that are remembered

export class Traffic {
  constructor(spec, onArrival) {
    this.spec = spec;
    this.onArrival = onArrival;
    this.rows = [];
    this.last = 0;
    this.dirty = false;
    this.filter = { text: "", broken: false };
    this.draw(byId("view-traffic"));
  }

  draw(panel) {
    this.spacer = el("div", { class: "spacer" });
    this.list = el("div", { class: "rows", role: "list", "aria-label": "Requests, newest first", tabindex: "0", onscroll: () => this.paint(), onkeydown: (event) => this.move(event) }, this.spacer);
    this.detail = el("div", { class: "detail", "aria-live": "polite" });
    this.paused = el("input", { type: "checkbox", onchange: () => this.refresh() });
    panel.replaceChildren(
      el("div", { class: "bar" },
        el("label", {}, "Filter ", el("input", { type: "search", placeholder: "operation, path, status", oninput: (event) => this.narrow({ text: event.target.value.trim().toLowerCase() }) })),
        el("label", { class: "switch" }, el("input", { type: "checkbox", id: "only-broken", onchange: (event) => this.narrow({ broken: event.target.checked }) }), " only what broke the contract"),
        el("label", { class: "switch" }, this.paused, " pause"),
        el("button", { type: "button", class: "quiet", onclick: () => this.forget() }, "Forget all"),
      ),
      (this.hint = el("p", { class: "hint" }, "No request yet. Send one from your program, or try an operation.")),
      this.list,
      this.detail,
    );
    new ResizeObserver(() => this.paint()).observe(this.list);
  }

  // What comes in ----------------------------------------------------------------------------------------------------

  async catchUp() {
    const { requests } = await control(`/requests?brief=1&limit=${MOST}&after=${this.last}`);
    for (const exchange of requests) this.add(exchange);
  }

  add(exchange) {
    if (exchange.number < this.last && exchange.number <= 1) this.rows = []; // the sandbox began anew
    else if (exchange.number <= this.last) return;
    this.last = exchange.number;
    this.rows.push(exchange);
    if (this.rows.length > MOST) this.rows.splice(0, this.rows.length - MOST);
    if (!this.dirty) {
      this.dirty = true;
      requestAnimationFrame(() => this.refresh());
    }
  }

  async forget() {
    await control("/requests", { method: "DELETE" });
    this.rows = [];
    this.refresh();
  }

  restart() {
    this.rows = [];
    this.last = 0;
    this.refresh();
  }

  // What is shown ----------------------------------------------------------------------------------------------------

  narrow(change) {
    Object.assign(this.filter, change);
    this.list.scrollTop = 0;
    this.refresh();
  }

  wanted(exchange) {
    if (this.filter.broken && exchange.kept) return false;
    return !this.filter.text || `${exchange.operation} ${exchange.method} ${exchange.target} ${exchange.status}`.toLowerCase().includes(this.filter.text);
  }

  refresh() {
    this.dirty = false;
    byId("count").textContent = String(this.rows.length);
    this.hint.hidden = this.rows.length > 0;
    this.onArrival();
    if (this.paused.checked && this.shown) return;
    const all = !this.filter.text && !this.filter.broken;
    this.shown = all ? this.rows.slice() : this.rows.filter((exchange) => this.wanted(exchange));
    this.spacer.style.height = `${this.shown.length * ROW}px`;
    this.paint();
  }

  paint() {
    const rows = this.shown ?? [];
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW) - 4);
    const last = Math.min(rows.length, first + Math.ceil(this.list.clientHeight / ROW) + 8);
    const made = [];
    for (let place = first; place < last; place += 1) made.push(this.row(rows[rows.length - 1 - place], place, rows.length));
    this.spacer.replaceChildren(...made);
  }

  row(exchange, place, size) {
    const row = el("button", {
      type: "button",
      class: `row ${exchange.kept ? "" : "broken"}`,
      tabindex: "-1",
      "aria-current": this.open === exchange.number ? "true" : null,
      onclick: () => this.show(exchange.number),
    },
      el("span", { class: "sign", title: exchange.kept ? "the contract was kept" : "the contract was broken" }, exchange.kept ? "✓" : "✗"),
      el("span", { class: `status s${String(exchange.status ?? "").slice(0, 1)}` }, exchange.status ?? "cut"),
      el("span", { class: `method ${exchange.method.toLowerCase()}` }, exchange.method),
      el("span", { class: "path" }, exchange.target),
      el("span", { class: "dim time" }, exchange.faults || clockTime(exchange.at)),
    );
    row.style.transform = `translateY(${place * ROW}px)`;
    return el("div", { role: "listitem", "aria-setsize": String(size), "aria-posinset": String(place + 1) }, row);
  }

  // Arrow keys walk through the requests, without a mouse.
  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    const rows = this.shown ?? [];
    if (!step || !rows.length) return;
    event.preventDefault();
    const at = rows.findLastIndex((exchange) => exchange.number === this.open);
    const place = at < 0 ? 0 : rows.length - 1 - at + step;
    const next = Math.min(rows.length - 1, Math.max(0, place));
    this.list.scrollTop = Math.max(0, (next + 1) * ROW - this.list.clientHeight, Math.min(this.list.scrollTop, next * ROW));
    this.show(rows[rows.length - 1 - next].number);
  }

  async show(number) {
    this.open = number;
    this.paint();
    try {
      const exchange = await control(`/requests/${number}`);
      if (this.open === number) this.detail.replaceChildren(...details(exchange, this.spec));
    } catch (error) {
      this.detail.replaceChildren(el("p", { class: "hint" }, error.message));
    }
  }
}

function details(exchange, spec) {
  return [
    el("h3", {}, el("span", { class: `method ${exchange.method.toLowerCase()}` }, exchange.method), " ", exchange.target),
    el("p", { class: "dim" }, [
      `request ${exchange.number}`,
      exchange.operation ?? "no operation of the spec",
      exchange.answered_by && `answered by ${exchange.answered_by}`,
      exchange.faults && `faults: ${exchange.faults}`,
      seconds(exchange.seconds),
    ].filter(Boolean).join(" · ")),
    verdict("What was sent", "The request keeps the spec.", exchange.request_problems, spec),
    message(exchange.headers, exchange.body),
    exchange.checked || exchange.answer_problems.length
      ? verdict("What came back", "The answer keeps the spec.", exchange.answer_problems, spec)
      : el("h4", {}, "What came back ", el("span", { class: "verdict hint" }, "not checked; wirewright serve --verify checks it")),
    el("p", {}, el("b", { class: exchange.status < 400 ? "good" : "bad" }, exchange.status ?? "cut off")),
    message(exchange.answer_headers, exchange.answer_body),
  ];
}

function verdict(title, kept, problems, spec) {
  if (!problems.length) return el("h4", {}, title, " ", el("span", { class: "verdict kept" }, kept));
  return el("div", {}, el("h4", {}, title, " ", el("span", { class: "verdict broken" }, "breaks the spec")), el("ul", { class: "problems" }, problems.map((problem) =>
    el("li", {}, `${problem.place}: ${problem.message}`, allowed(problem.rule, spec)))));
}

// The part of the spec that a problem breaks.
function allowed(rule, spec) {
  let place = spec;
  for (const part of (rule ?? "").replace(/^#?\//, "").split("/")) {
    place = place?.[decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  if (!rule || place === undefined) return "";
  return el("small", {}, "The spec says, at ", el("code", {}, rule), ": ", el("code", {}, JSON.stringify(place).slice(0, 400)));
}

function message(headers, body) {
  return el("div", {},
    el("details", {}, el("summary", {}, `${headers.length} headers`), el("pre", {}, headers.map(([name, value]) => `${name}: ${value}\n`).join(""))),
    body ? el("pre", {}, pretty(body)) : el("p", { class: "dim" }, "no body"),
  );
}
