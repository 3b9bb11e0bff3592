import type { Appointment, EditInput } from "@chairtime/client";
import { Button, Group, Stack, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";

type Note = string | null | undefined;

interface Props {
  appointment: Appointment;
  onSave: (input: EditInput) => void;
  onLeave: () => void;
}

/** The two notes of a booking: one that the patient sees, one for staff. What is not touched is not
 * saved, so that it cannot undo what somebody else writes meanwhile. */
export function EditForm({ appointment, onSave, onLeave }: Props) {
  const { t } = useTranslation("desk");
  const [before] = useState(appointment);
  const [notes, setNotes] = useState(appointment.notes ?? "");
  const [staffNotes, setStaffNotes] = useState(appointment.staff_notes ?? "");
  function submit(event: FormEvent) {
    event.preventDefault();
    const input: EditInput = {};
    if (notes !== (before.notes ?? "")) input.notes = notes;
    if (staffNotes !== (before.staff_notes ?? "")) input.staffNotes = staffNotes;
    if (Object.keys(input).length === 0) onLeave();
    else onSave(input);
  }
  /** What somebody else wrote since the form was opened. */
  function meanwhile(old: Note, present: Note, own: string): string | null {
    const text = present ?? "";
    return text === (old ?? "") || text === own ? null : t("edit.meanwhile", { text });
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Textarea
          size="xs"
          autoFocus
          autosize
          label={t("panel.notes")}
          error={meanwhile(before.notes, appointment.notes, notes)}
          value={notes}
          onChange={(event) => setNotes(event.currentTarget.value)}
        />
        <Textarea
          size="xs"
          autosize
          label={t("panel.staff_notes")}
          error={meanwhile(before.staff_notes, appointment.staff_notes, staffNotes)}
          value={staffNotes}
          onChange={(event) => setStaffNotes(event.currentTarget.value)}
        />
        <Group gap="xs">
          <Button size="xs" type="submit">
            {t("edit.save")}
          </Button>
          <Button size="xs" variant="default" onClick={onLeave}>
            {t("new.leave")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
