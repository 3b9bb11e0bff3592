import type { CancelReason } from "@chairtime/client";
import { Button, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";

const REASONS = [
  "patient_request",
  "ill",
  "clinic_request",
  "dentist_absent",
  "unconfirmed",
  "duplicate",
  "other",
] as const satisfies readonly CancelReason[];

interface Props {
  onCancel: (reason: CancelReason, note: string) => void;
  onLeave: () => void;
}

/** Why a booking is cancelled: a reason from the list, and words for the clinic alone. */
export function CancelForm({ onCancel, onLeave }: Props) {
  const { t } = useTranslation("desk");
  const [reason, setReason] = useState<CancelReason>("patient_request");
  const [note, setNote] = useState("");
  function submit(event: FormEvent) {
    event.preventDefault();
    onCancel(reason, note.trim());
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <NativeSelect
          size="xs"
          autoFocus
          label={t("cancel.reason")}
          value={reason}
          onChange={(event) =>
            setReason(REASONS.find((each) => each === event.currentTarget.value) ?? "other")
          }
          data={REASONS.map((each) => ({ value: each, label: t(`reason.${each}`) }))}
        />
        <TextInput
          size="xs"
          label={t("cancel.note")}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Group gap="xs">
          <Button size="xs" type="submit" color="red">
            {t("cancel.submit")}
          </Button>
          <Button size="xs" variant="default" onClick={onLeave}>
            {t("cancel.leave")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
