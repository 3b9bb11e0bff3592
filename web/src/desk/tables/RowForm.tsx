import { Button, Group, Modal, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { describeFaults } from "../../shared/describeError";
import { ErrorMessage } from "../../shared/ErrorMessage";
import type { Outcome } from "../schedules/draft";
import { OutcomeList } from "../schedules/OutcomeList";
import { FieldInput } from "./FieldInput";
import { bodyOf, type Field, type Row, type Values, valuesOf } from "./fields";

export interface TryOut {
  ask: (body: Values, row: Row) => Promise<Outcome>;
  /** The zone in which the bookings of a row are shown. */
  zone: (row: Row) => string;
}

interface Props {
  title: string;
  fields: readonly Field[];
  row: Row | null;
  save: (body: Values, row: Row | null) => Promise<unknown>;
  /** What a change would leave outside the hours; asked before it is saved. */
  tryOut?: TryOut | undefined;
  onClose: () => void;
}

/** The form of a row; what the API refuses stands at its field. */
export function RowForm({ title, fields, row, save, tryOut, onClose }: Props) {
  const { t } = useTranslation(["desk", "errors"]);
  const [values, setValues] = useState<Values>(() => valuesOf(fields, row));
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [outside, setOutside] = useState<Outcome | null>(null);
  const asked = fields.filter(
    (field) => !(row && field.fixed) && (!field.when || field.when(values)),
  );
  const faults = describeFaults(t, error);
  const elsewhere = error !== null && !asked.some((field) => faults[field.name]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const body = bodyOf(fields, values, row);
    if (row && Object.keys(body).length === 0) return onClose();
    setBusy(true);
    try {
      if (row && tryOut && !outside) {
        const outcome = await tryOut.ask(body, row);
        if (outcome.total > 0) return setOutside(outcome);
      }
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
              onChange={(value) => {
                setValues({ ...values, [field.name]: value });
                setOutside(null);
              }}
            />
          ))}
          {outside && row && tryOut && <OutcomeList outcome={outside} zone={tryOut.zone(row)} />}
          {elsewhere && <ErrorMessage error={error} />}
          <Group justify="flex-end" mt="xs">
            <Button variant="default" onClick={onClose}>
              {t("new.leave")}
            </Button>
            <Button type="submit" loading={busy}>
              {t(outside ? "schedule.save_anyway" : "edit.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
