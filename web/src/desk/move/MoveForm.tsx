import type { Appointment, Dentist, Slot } from "@chairtime/client";
import { useAvailability } from "@chairtime/client/react";
import { Button, Group, NativeSelect, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { clock, localOf } from "../time/zone";
import type { Moving } from "./useMoving";

interface Props {
  appointment: Appointment;
  zone: string;
  dentists: readonly Dentist[];
  moving: Moving;
  onClose: () => void;
}

/** Moves a booking by keyboard: a day, a dentist, and one of the times that are free for it. */
export function MoveForm({ appointment, zone, dentists, moving, onClose }: Props) {
  const { t } = useTranslation("desk");
  const [date, setDate] = useState(() => localOf(appointment.starts_at, zone).date);
  const [dentistId, setDentistId] = useState(appointment.dentist_id);
  const query = useMemo(
    () => ({
      dentistId,
      appointmentType: appointment.appointment_type,
      date,
      days: 1,
      moving: appointment.id,
    }),
    [dentistId, appointment.appointment_type, appointment.id, date],
  );
  const free = useAvailability(date ? query : null, { keepPrevious: true });
  const slots = (free.data?.slots ?? []).filter(
    (each) => each.state === "free" && !isSame(each, appointment),
  );

  async function choose(slot: Slot) {
    const target = { startsAt: slot.starts_at, dentistId: slot.dentist_id };
    if (await moving.move(appointment, target)) onClose();
  }

  return (
    <Stack gap="xs" data-move-form>
      <Group grow gap="xs">
        <TextInput
          size="xs"
          type="date"
          autoFocus
          label={t("move.date")}
          value={date}
          onChange={(event) => setDate(event.currentTarget.value)}
        />
        <NativeSelect
          size="xs"
          label={t("new.dentist")}
          value={dentistId}
          onChange={(event) => setDentistId(event.currentTarget.value)}
          data={dentists.map((each) => ({ value: each.id, label: each.full_name }))}
        />
      </Group>
      {free.error && <ErrorMessage error={free.error} retry={free.refetch} />}
      {free.isPending && <Skeleton height={30} />}
      {free.isSuccess && slots.length === 0 && <Text size="sm">{t("move.none")}</Text>}
      <Group gap={6} mah={180} style={{ overflow: "auto" }}>
        {slots.map((slot) => (
          <Button
            key={slot.starts_at}
            size="compact-sm"
            variant="light"
            onClick={() => void choose(slot)}
          >
            {clock(localOf(slot.starts_at, zone).minute)}
          </Button>
        ))}
      </Group>
      <Button size="xs" variant="default" onClick={onClose}>
        {t("move.leave")}
      </Button>
    </Stack>
  );
}

function isSame(slot: Slot, appointment: Appointment): boolean {
  return (
    slot.dentist_id === appointment.dentist_id &&
    Date.parse(slot.starts_at) === Date.parse(appointment.starts_at)
  );
}
