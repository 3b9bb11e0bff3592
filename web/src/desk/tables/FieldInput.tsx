import { Checkbox, MultiSelect, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Field, Value } from "./fields";

interface Props {
  field: Field;
  value: Value | undefined;
  error: string | undefined;
  autoFocus: boolean;
  onChange: (value: Value) => void;
}

/** The input of a field, with what the API says against its value. */
export function FieldInput({ field, value, error, autoFocus, onChange }: Props) {
  const { t } = useTranslation("desk");
  const common = {
    label: t(`field.${field.name}`),
    error,
    "data-autofocus": autoFocus || undefined,
    "data-field": field.name,
  };
  const text = String(value ?? "");
  switch (field.kind) {
    case "flag":
      return (
        <Checkbox
          {...common}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "choice":
      return (
        <NativeSelect
          {...common}
          value={text}
          data={[...(field.choices ?? [])]}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "choices":
      return (
        <MultiSelect
          {...common}
          value={Array.isArray(value) ? [...value] : []}
          data={[...(field.choices ?? [])]}
          comboboxProps={{ withinPortal: false }}
          onChange={onChange}
        />
      );
    case "long":
      return (
        <Textarea
          {...common}
          autosize
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "number":
      return (
        <TextInput
          {...common}
          inputMode="numeric"
          required={field.required}
          value={text}
          onChange={({ currentTarget: { value: typed } }) =>
            onChange(/^\d+$/.test(typed) ? Number(typed) : typed)
          }
        />
      );
    case "text":
      return (
        <TextInput
          {...common}
          required={field.required}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
