// What a request could look like: examples first, else a value made from the schema; and how values go on the wire.

export class Samples {
  constructor(document) {
    this.schemas = document.components?.schemas ?? {};
  }

  resolve(schema, depth = 0) {
    if (!schema || typeof schema !== "object") return {};
    const name = schema.$ref?.match(/^#\/components\/schemas\/(.+)$/)?.[1];
    if (name === undefined || depth > 20) return schema;
    const key = decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~");
    return this.resolve(this.schemas[key], depth + 1);
  }

  ofMedia(media) {
    if (media.example !== undefined) return media.example;
    for (const example of Object.values(media.examples ?? {})) {
      if (example?.value !== undefined) return example.value;
    }
    return this.ofSchema(media.schema ?? {});
  }

  ofSchema(schema, depth = 0) {
    const known = this.resolve(schema);
    for (const value of [known.example, known.examples?.[0], known.const, known.default, known.enum?.[0]]) {
      if (value !== undefined) return value;
    }
    if (depth > 6) return null;
    const variant = known.anyOf?.find((one) => one.type !== "null") ?? known.oneOf?.[0];
    if (variant) return this.ofSchema(variant, depth + 1);
    const type = Array.isArray(known.type) ? known.type[0] : known.type;
    if (type === "object" || known.properties) return this.ofObject(known, depth);
    if (type === "array") return known.prefixItems?.map((item) => this.ofSchema(item, depth + 1)) ?? this.ofItems(known, depth);
    return { string: ofText(known), integer: known.minimum ?? 1, number: known.minimum ?? 1.5, boolean: true }[type] ?? null;
  }

  ofItems(known, depth) {
    return known.items && known.items !== true ? [this.ofSchema(known.items, depth + 1)] : [];
  }

  ofObject(known, depth) {
    const made = {};
    for (const [name, property] of Object.entries(known.properties ?? {})) {
      if ((known.required ?? []).includes(name)) made[name] = this.ofSchema(property, depth + 1);
    }
    return made;
  }
}

function ofText(schema) {
  const made = {
    "date-time": "2026-01-01T12:00:00Z",
    date: "2026-01-01",
    uuid: "00000000-0000-4000-8000-000000000000",
    email: "somebody@example.com",
    uri: "https://example.com/",
  }[schema.format];
  return made ?? "text".padEnd(schema.minLength ?? 0, "x").slice(0, schema.maxLength ?? 4);
}

// Parameters, by OpenAPI's styles ------------------------------------------------------------------------------------

export function queryPairs(parameter, value) {
  const { name, style = "form", explode = style === "form" } = parameter;
  if (Array.isArray(value)) {
    if (explode) return value.map((item) => [name, String(item)]);
    const between = { spaceDelimited: " ", pipeDelimited: "|" }[style] ?? ",";
    return [[name, value.join(between)]];
  }
  if (value !== null && typeof value === "object") {
    if (parameter.content) return [[name, JSON.stringify(value)]];
    if (style === "deepObject") return Object.entries(value).map(([key, item]) => [`${name}[${key}]`, String(item)]);
    return explode ? Object.entries(value).map(([key, item]) => [key, String(item)]) : [[name, Object.entries(value).flat().join(",")]];
  }
  return [[name, String(value)]];
}

export function pathText(value) {
  const text = Array.isArray(value) ? value.join(",") : typeof value === "object" ? Object.entries(value).flat().join(",") : String(value);
  return encodeURIComponent(text).replaceAll("%2C", ",");
}
