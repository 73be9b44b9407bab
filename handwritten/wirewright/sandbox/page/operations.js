// The operations of the spec, and a form to try each.

import { byId, copyButton, el, inline, pretty, prose, seconds } from "./dom.js";
import { pathText, queryPairs, Samples } from "./samples.js";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

export class Operations {
  constructor(document, about, show) {
    this.samples = new Samples(document);
    this.show = show;
    this.ruled = new Set(about.rules);
    this.schemes = document.components?.securitySchemes ?? {};
    this.secrets = { ...about.credentials };
    this.all = [...operationsOf(document)];
    this.byId = new Map(this.all.map((operation) => [operation.operationId, operation]));
    this.drawCredentials();
    this.drawList("");
    byId("find").addEventListener("input", (event) => this.drawList(event.target.value.trim().toLowerCase()));
  }

  drawCredentials() {
    const names = Object.keys(this.schemes);
    byId("credentials").hidden = names.length === 0;
    byId("credentials").querySelector("div").replaceChildren(
      ...names.map((name) =>
        el("label", {}, `${name} (${this.schemes[name].type}) `, el("input", {
          autocomplete: "off",
          spellcheck: "false",
          value: this.secrets[name] ?? "",
          oninput: (event) => (this.secrets[name] = event.target.value),
        })),
      ),
    );
  }

  drawList(wanted) {
    const groups = new Map();
    for (const operation of this.all) {
      const text = `${operation.operationId} ${operation.method} ${operation.path} ${operation.summary ?? ""}`.toLowerCase();
      if (!text.includes(wanted)) continue;
      const tag = operation.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), operation]);
    }
    const few = this.all.length <= 40 || wanted !== "";
    byId("operation-list").replaceChildren(
      ...[...groups].map(([tag, operations]) =>
        el("details", { open: few },
          el("summary", {}, tag, el("span", { class: "dim" }, ` ${operations.length}`)),
          el("ul", {}, operations.map((operation) => el("li", {}, this.link(operation)))),
        ),
      ),
      groups.size ? "" : el("p", { class: "hint" }, "No operation matches."),
    );
  }

  link(operation) {
    return el("button", { type: "button", class: "operation", "data-operation": operation.operationId, onclick: () => this.open(operation) },
      el("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()),
      el("span", { class: "path" }, operation.path),
      el("span", { class: "summary" }, operation.summary ?? operation.operationId),
    );
  }

  open(operation) {
    for (const button of document.querySelectorAll(".operation[aria-current]")) button.removeAttribute("aria-current");
    document.querySelector(`.operation[data-operation="${CSS.escape(operation.operationId)}"]`)?.setAttribute("aria-current", "true");
    new Form(this, operation).draw(byId("view-try"));
    this.show("try");
  }
}

function* operationsOf(document) {
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS) if (item[method]) yield { ...item[method], method, path };
    for (const [method, operation] of Object.entries(item["x-additional-operations"] ?? {})) yield { ...operation, method, path };
  }
}

class Form {
  constructor(operations, operation) {
    this.operations = operations;
    this.operation = operation;
    this.samples = operations.samples;
    this.fields = (operation.parameters ?? []).map((parameter) => this.field(parameter));
    this.media = operation.requestBody?.content ?? {};
  }

  field(parameter) {
    const schema = this.samples.resolve(parameter.schema ?? Object.values(parameter.content ?? {})[0]?.schema ?? {});
    const sample = parameter.example ?? Object.values(parameter.examples ?? {})[0]?.value ?? (parameter.required ? this.samples.ofSchema(schema) : undefined);
    const text = sample === undefined || sample === null ? "" : typeof sample === "object" ? JSON.stringify(sample) : String(sample);
    const choices = schema.enum ?? (schema.type === "boolean" ? [true, false] : undefined);
    const value = parameter.required || !choices ? (parameter.required ? text : "") : "";
    const attributes = { name: parameter.name, required: parameter.required };
    const input = choices
      ? el("select", attributes, parameter.required ? "" : el("option", { value: "" }, ""), choices.map((choice) => el("option", { selected: String(choice) === value }, String(choice))))
      : el("input", { ...attributes, value, placeholder: text, spellcheck: "false", autocomplete: "off" });
    return { parameter, schema, input };
  }

  draw(panel) {
    const { operation } = this;
    panel.replaceChildren(
      el("h3", {}, el("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()), " ", operation.summary ?? operation.operationId),
      el("p", { class: "path" }, operation.path),
      operation.deprecated ? el("p", { class: "verdict broken" }, "Deprecated.") : "",
      el("div", { class: "prose" }, prose(operation.description)),
      this.operations.ruled.has(operation.operationId) ? "" : el("p", { class: "hint" }, "No rule of its own: answered from the spec's examples."),
      el("form", { onsubmit: (event) => this.send(event) }, this.parameters(), this.body(), this.buttons()),
      (this.outcome = el("div", { class: "outcome", "aria-live": "polite" })),
      this.answers(),
    );
  }

  parameters() {
    if (!this.fields.length) return "";
    return el("fieldset", {}, el("legend", {}, "Parameters"), this.fields.map(({ parameter, input }) =>
      el("label", {},
        el("span", {}, parameter.name, parameter.required ? el("b", { title: "required" }, " *") : "", el("span", { class: "dim" }, ` ${parameter.in}`)),
        input,
        parameter.description ? el("small", {}, inline(parameter.description)) : "",
      ),
    ));
  }

  body() {
    const types = Object.keys(this.media);
    if (!types.length) return "";
    this.type = el("select", { "aria-label": "Media type", onchange: () => this.fill() }, types.map((type) => el("option", {}, type)));
    this.text = el("textarea", { rows: 10, spellcheck: "false", "aria-label": "Body" });
    this.fill();
    return el("fieldset", {}, el("legend", {}, "Body"), this.type, this.text);
  }

  fill() {
    const sample = this.samples.ofMedia(this.media[this.type.value] ?? {});
    this.text.value = typeof sample === "string" ? sample : JSON.stringify(sample, null, 2);
  }

  buttons() {
    this.stop = el("button", { type: "button", hidden: true, onclick: () => this.aborter?.abort() }, "Stop");
    return el("p", {}, el("button", { class: "main" }, "Send"), " ", this.stop, " ", copyButton("Copy as curl", () => this.curl()));
  }

  answers() {
    const rows = Object.entries(this.operation.responses ?? {}).map(([status, response]) =>
      el("li", {}, el("b", {}, status), " ", response.description ?? "", el("span", { class: "dim" }, ` ${Object.keys(response.content ?? {}).join(", ")}`)));
    return el("details", {}, el("summary", {}, "What the spec lets it answer"), el("ul", {}, rows));
  }

  // The request ------------------------------------------------------------------------------------------------------

  request() {
    let path = this.operation.path;
    const query = [];
    const headers = {};
    for (const { parameter, schema, input } of this.fields) {
      if (input.value === "") continue;
      const value = read(input.value, schema);
      if (parameter.in === "path") path = path.replaceAll(`{${parameter.name}}`, pathText(value));
      else if (parameter.in === "query") query.push(...queryPairs(parameter, value));
      else if (parameter.in === "header") headers[parameter.name] = typeof value === "object" ? [value].flat().join(",") : String(value);
    }
    this.authorise(headers, query);
    const body = this.text && this.text.value !== "" ? this.encoded(headers) : undefined;
    const search = query.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
    return { method: this.operation.method.toUpperCase(), url: path + (search && `?${search}`), headers, body };
  }

  authorise(headers, query) {
    const wanted = new Set((this.operation.security ?? []).flatMap((choice) => Object.keys(choice)));
    for (const [name, secret] of Object.entries(this.operations.secrets)) {
      const scheme = this.operations.schemes[name];
      if (!secret || !scheme || !wanted.has(name)) continue;
      if (scheme.type === "apiKey" && scheme.in === "header") headers[scheme.name] = secret;
      else if (scheme.type === "apiKey" && scheme.in === "query") query.push([scheme.name, secret]);
      else if (scheme.scheme?.toLowerCase() === "basic") headers.Authorization = `Basic ${btoa(secret)}`;
      else headers.Authorization = `Bearer ${secret}`;
    }
  }

  encoded(headers) {
    const type = this.type.value;
    const text = this.text.value;
    if (type === "application/x-www-form-urlencoded") return new URLSearchParams(fields(text));
    if (type.startsWith("multipart/")) {
      const form = new FormData();
      for (const [name, value] of fields(text)) form.append(name, value);
      return form;
    }
    headers["Content-Type"] = type;
    return text;
  }

  async send(event) {
    event.preventDefault();
    this.aborter?.abort();
    this.aborter = new AbortController();
    this.outcome.replaceChildren(el("p", { class: "hint" }, "sending"));
    const started = performance.now();
    this.stop.hidden = false;
    try {
      const { url, ...options } = this.request();
      const answer = await fetch(url, { ...options, signal: this.aborter.signal });
      await this.showAnswer(answer, started);
    } catch (error) {
      this.outcome.append(el("p", { class: "verdict broken" }, error.name === "AbortError" ? "Stopped." : `No answer: ${error.message}`));
    } finally {
      this.stop.hidden = true;
    }
  }

  async showAnswer(answer, started) {
    const body = el("pre", {});
    const time = seconds((performance.now() - started) / 1000);
    this.outcome.replaceChildren(
      el("p", {}, el("b", { class: answer.ok ? "good" : "bad", id: "answer-status" }, `${answer.status} ${answer.statusText}`), ` in ${time}`, el("span", { class: "dim" }, ` answered by ${answer.headers.get("x-sandbox-answer") ?? "?"}`)),
      el("details", {}, el("summary", {}, "Headers"), el("pre", {}, [...answer.headers].map(([name, value]) => `${name}: ${value}\n`).join(""))),
      body,
    );
    const type = answer.headers.get("content-type") ?? "";
    if (!/event-stream|jsonl|ndjson/.test(type) || !answer.body) {
      body.textContent = pretty(await answer.text());
      return;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      body.textContent = (body.textContent + piece.value).slice(-100_000);
    }
  }

  curl() {
    const { method, url, headers, body } = this.request();
    const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
    const parts = [`curl -X ${method} ${quoted(location.origin + url)}`];
    for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
    if (body instanceof FormData) for (const [name, value] of body) parts.push(`-F ${quoted(`${name}=${value}`)}`);
    else if (body !== undefined) parts.push(`--data ${quoted(body)}`);
    return parts.join(" \\\n  ");
  }
}

// What was typed, as the value that the schema asks for: JSON for arrays and objects, a list of words for arrays too.
function read(text, schema) {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type !== "array" && type !== "object") return text;
  try {
    return JSON.parse(text);
  } catch {
    return type === "array" ? text.split(",").map((item) => item.trim()) : text;
  }
}

function fields(text) {
  return Object.entries(JSON.parse(text)).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((item) => [name, typeof item === "object" ? JSON.stringify(item) : String(item)]));
}

