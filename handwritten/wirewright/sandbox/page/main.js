// Starts the page: the spec, what happens, the state, the chaos.

import { byId, control, el } from "./dom.js";
import { Chaos } from "./chaos.js";
import { Operations } from "./operations.js";
import { Picture } from "./picture.js";
import { Traffic } from "./traffic.js";

const TABS = ["try", "traffic", "picture", "chaos"];
let traffic, picture, chaos;

function show(name) {
  for (const tab of TABS) {
    const chosen = tab === name;
    byId(`tab-${tab}`).setAttribute("aria-selected", String(chosen));
    byId(`tab-${tab}`).tabIndex = chosen ? 0 : -1;
    byId(`view-${tab}`).hidden = !chosen;
  }
  if (name === "picture") picture.look();
  if (name === "chaos") chaos.look();
  if (name === "traffic") traffic.paint();
}

function wireTabs() {
  for (const tab of TABS) byId(`tab-${tab}`).addEventListener("click", () => show(tab));
  document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = TABS.findIndex((tab) => byId(`tab-${tab}`).getAttribute("aria-selected") === "true");
    const next = TABS[(at + step + TABS.length) % TABS.length];
    show(next);
    byId(`tab-${next}`).focus();
  });
}

function say(state, text) {
  byId("live").dataset.state = state;
  byId("live").textContent = text;
}

// EventSource reconnects by itself; what was missed meanwhile is asked for.
function follow() {
  const source = new EventSource("/_sandbox/requests/live?brief=1");
  source.addEventListener("open", async () => {
    await traffic.catchUp();
    say("on", "live");
  });
  source.addEventListener("exchange", (event) => traffic.add(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    say("off", "not connected");
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 1000);
  });
}

async function start() {
  wireTabs();
  const [about, spec] = await Promise.all([control(""), control("/document")]);
  document.title = `${about.title} sandbox`;
  byId("title").textContent = about.title;
  byId("about").replaceChildren(
    `${about.version} · ${location.host} · ${about.rules.length} operations by rules, ${about.from_spec.length} from the spec's examples · `,
    el("a", { href: "/_sandbox/document" }, "spec"),
  );
  picture = new Picture(() => traffic.restart());
  traffic = new Traffic(spec, () => picture.later());
  chaos = new Chaos();
  new Operations(spec, about, show);
  follow();
}

start().catch((error) => say("off", `this page could not start: ${error.message}`));
