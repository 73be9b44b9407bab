// Faults on demand: switches for the usual ones, and a line for any specification.

import { byId, control, el } from "./dom.js";

const SWITCHES = [
  ["latency=300ms±200ms", "Slow", "every answer waits 100 to 500 ms"],
  ["status=503:20%", "Unavailable", "one in five answers 503"],
  ["status=429:20%", "Too many", "one in five answers 429"],
  ["reset:10%", "Reset", "one in ten connections is reset"],
  ["reset=mid:10%", "Cut in the middle", "one in ten answers is reset half way"],
  ["truncate:10%", "Truncated", "one in ten answers ends early"],
  ["duplicate:20%", "Twice", "one in five requests is handled twice"],
  ["html:10%", "HTML", "one in ten is a gateway's error page"],
  ["drip=5ms", "Drip", "bodies come byte by byte"],
  ["silence=30s:5%", "Silence", "one in twenty gets no answer"],
];

export class Chaos {
  constructor() {
    this.on = new Set();
    this.own = "";
    this.draw(byId("view-chaos"));
    this.look();
  }

  draw(panel) {
    this.boxes = SWITCHES.map(([spec, name, meaning]) => {
      const box = el("input", { type: "checkbox", role: "switch", "data-fault": spec, onchange: () => this.toggle(spec, box.checked) });
      return el("label", { class: "switch" }, box, " ", el("b", {}, name), el("small", {}, meaning));
    });
    const line = el("input", { id: "chaos-line", placeholder: "latency=2s:10%, drop=x2@POST", spellcheck: "false", autocomplete: "off" });
    panel.replaceChildren(
      el("p", { class: "hint" }, "What should go wrong? The decisions are drawn from a seed, so a failure can be replayed."),
      el("div", { class: "switches" }, this.boxes),
      el("form", { class: "bar", onsubmit: (event) => { event.preventDefault(); this.own = line.value; this.apply(); } },
        el("label", {}, "Your own ", line), el("button", {}, "Apply"), el("button", { type: "button", class: "quiet", onclick: () => { line.value = ""; this.calm(); } }, "Stop all")),
      (this.error = el("p", { class: "verdict broken", role: "alert" })),
      (this.now = el("div", {})),
    );
  }

  toggle(spec, wanted) {
    if (wanted) this.on.add(spec);
    else this.on.delete(spec);
    this.apply();
  }

  calm() {
    this.on.clear();
    this.own = "";
    for (const box of byId("view-chaos").querySelectorAll("[data-fault]")) box.checked = false;
    this.apply();
  }

  async apply() {
    this.error.textContent = "";
    const chaos = [...this.on, this.own].filter(Boolean).join(",");
    try {
      await control("/faults", { method: "DELETE" });
      if (chaos) await control("/faults", { method: "POST", body: { chaos } });
    } catch (error) {
      this.error.textContent = error.message;
    }
    this.look();
  }

  async look() {
    const { seed, faults, decided } = await control("/faults");
    byId("chaos-count").hidden = faults.length === 0;
    byId("chaos-count").textContent = String(faults.length);
    this.now.replaceChildren(
      el("p", {}, faults.length ? `${faults.length} in force, seed ${seed}` : "Nothing goes wrong on purpose."),
      el("ul", {}, faults.map((fault) => el("li", {}, el("code", {}, JSON.stringify(fault))))),
      decided.length ? el("details", {}, el("summary", {}, `The last ${decided.length} decisions`), el("ul", {}, decided.toReversed().map(([number, what]) => el("li", {}, `request ${number}: ${what}`)))) : "",
    );
  }
}
