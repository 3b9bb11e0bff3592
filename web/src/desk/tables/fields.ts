/** A field of a form, and a column of its table unless `hidden`. */
export interface Field {
  name: string;
  kind: "text" | "number" | "flag" | "choice" | "choices" | "long";
  /** The values of a choice, or of several. */
  choices?: readonly { value: string; label: string }[];
  /** Only asked for when it is made. */
  fixed?: boolean;
  /** Not shown in the table. */
  hidden?: boolean;
  required?: boolean;
  start?: Value;
  /** Whether it applies to what is filled in. */
  when?: (values: Values) => boolean;
}

export type Value = string | number | boolean | readonly string[];
export type Values = Record<string, Value>;

/** A row of a table: what the API says of it. */
export type Row = Record<string, unknown> & { version: number };

/** What to send: all that applies for a new one, else only what differs. */
export function bodyOf(fields: readonly Field[], values: Values, row: Row | null): Values {
  const body: Values = {};
  for (const field of fields) {
    if (field.when && !field.when(values)) continue;
    const value = values[field.name];
    if (value === undefined || (row && field.fixed)) continue;
    if (row ? !isSame(value, valueIn(field, row)) : value !== "") body[field.name] = value;
  }
  return body;
}

export function valuesOf(fields: readonly Field[], row: Row | null): Values {
  return Object.fromEntries(
    fields.map((field) => [field.name, row ? valueIn(field, row) : (field.start ?? empty(field))]),
  );
}

function valueIn(field: Field, row: Row): Value {
  const value = row[field.name];
  const isValue = Array.isArray(value) || ["string", "number", "boolean"].includes(typeof value);
  return isValue ? (value as Value) : empty(field);
}

function empty(field: Field): Value {
  if (field.kind === "flag") return false;
  if (field.kind === "choices") return [];
  return field.kind === "choice" ? (field.choices?.[0]?.value ?? "") : "";
}

/** Several choices are the same in any order. */
function isSame(one: Value, other: Value): boolean {
  if (typeof one !== "object" || typeof other !== "object") return one === other;
  return one.length === other.length && one.every((each) => other.includes(each));
}
