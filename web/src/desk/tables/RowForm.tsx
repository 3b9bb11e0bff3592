import { isRefusal } from "@chairtime/client";
import { Button, Group, Modal, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { FieldInput } from "./FieldInput";
import { bodyOf, type Field, type Row, type Values, valuesOf } from "./fields";

interface Props {
  title: string;
  fields: readonly Field[];
  row: Row | null;
  save: (body: Values, row: Row | null) => Promise<unknown>;
  onClose: () => void;
}

/** The form of a row; what the API refuses stands at its field. */
export function RowForm({ title, fields, row, save, onClose }: Props) {
  const { t } = useTranslation("desk");
  const [values, setValues] = useState<Values>(() => valuesOf(fields, row));
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const asked = fields.filter(
    (field) => !(row && field.fixed) && (!field.when || field.when(values)),
  );
  const faults = isRefusal(error) ? error.fields : {};
  const elsewhere = error !== null && !asked.some((field) => faults[field.name]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const body = bodyOf(fields, values, row);
    if (row && Object.keys(body).length === 0) return onClose();
    setBusy(true);
    try {
      await save(body, row);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("close") }}>
      <form onSubmit={(event) => void submit(event)} noValidate data-row-form>
        <Stack gap="xs">
          {asked.map((field, index) => (
            <FieldInput
              key={field.name}
              field={field}
              value={values[field.name]}
              error={faults[field.name]}
              autoFocus={index === 0}
              onChange={(value) => setValues({ ...values, [field.name]: value })}
            />
          ))}
          {elsewhere && <ErrorMessage error={error} />}
          <Group justify="flex-end" mt="xs">
            <Button variant="default" onClick={onClose}>
              {t("new.leave")}
            </Button>
            <Button type="submit" loading={busy}>
              {t("edit.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
