import { useTranslation } from "react-i18next";
import type { Field } from "./fields";

/** A value of a row in words. */
export function Cell({ field, value }: { field: Field; value: unknown }) {
  const { t } = useTranslation("desk");
  if (field.kind === "flag") return t(value ? "table.yes" : "table.no");
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.map(labelOf).join(", ") || "–";
  return labelOf(value);

  function labelOf(one: unknown): string {
    return field.choices?.find((each) => each.value === one)?.label ?? String(one);
  }
}
