import type { Appointment, AppointmentType, Clinic, Dentist, Slot } from "@chairtime/client";
import { useBook, useReserve } from "@chairtime/client/react";
import {
  Button,
  Checkbox,
  Group,
  NativeSelect,
  Popover,
  Stack,
  Text,
  Textarea,
  Title,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatLocale } from "../../shared/locale";
import type { Picked } from "../board/BoardContext";
import { clock, instantOf, localOf, showDate } from "../time/zone";
import { useBlocked } from "../useBlocked";
import { firstType } from "./firstType";
import { PatientPicker } from "./PatientPicker";
import { Refused } from "./Refused";
import { useExplanation } from "./useExplanation";
import { useNewPatient } from "./useNewPatient";
import { WhyNot } from "./WhyNot";

interface Props {
  clinic: Clinic;
  date: string;
  picked: Picked;
  dentists: readonly Dentist[];
  types: readonly AppointmentType[];
  /** The bookings of the day; as they change, so does what can be offered. */
  bookings: readonly Appointment[];
  /** Closes this time instead of booking it; absent where columns are no dentists. */
  onBlock?: (() => void) | undefined;
  onClose: () => void;
}

/** The form beside a free cell: who, what and why; Enter books, Esc leaves. */
export function NewBooking(props: Props) {
  const { clinic, date, picked, dentists, types, bookings, onBlock, onClose } = props;
  const { t, i18n } = useTranslation("desk");
  const zone = clinic.time_zone;
  const [dentistId, setDentistId] = useState(picked.dentistId ?? dentists[0]?.id ?? "");
  const [startsAt, setStartsAt] = useState(() => instantOf(date, picked.minute, zone));
  const [slug, setSlug] = useState(() => firstType(types, picked)?.slug ?? "");
  const [notes, setNotes] = useState("");
  const [override, setOverride] = useState(false);
  const patient = useNewPatient();
  const [hold, book] = [useReserve(), useBook()];
  const refused = hold.error ? hold : book;
  const blocked = useBlocked();
  const explained = useExplanation({ dentistId, startsAt, appointmentType: slug }, bookings);
  const error = hold.error ?? book.error ?? patient.error ?? null;
  const busy = hold.isPending || book.isPending || patient.isPending;

  async function run(command: typeof hold | typeof book, place = { startsAt, dentistId }) {
    if (busy || blocked) return;
    hold.reset();
    book.reset();
    const patientId = await patient.ensure();
    if (!patientId) return;
    const text = notes.trim();
    const input = { ...place, appointmentType: slug, patientId, ...(text ? { notes: text } : {}) };
    await command
      .mutateAsync({ ...input, ...(override ? { override } : {}) })
      .then(onClose, () => undefined);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    void run(book);
  }

  function choose(slot: Slot) {
    setStartsAt(slot.starts_at);
    setDentistId(slot.dentist_id);
    void run(refused, { startsAt: slot.starts_at, dentistId: slot.dentist_id });
  }

  return (
    <Popover
      opened
      onChange={(opened) => !opened && onClose()}
      width={340}
      position="right-start"
      withArrow
      shadow="md"
      trapFocus
      returnFocus
      withRoles={false}
      closeOnClickOutside={false}
      middlewares={{
        flip: { fallbackPlacements: ["left-start", "bottom", "top"] },
        shift: { padding: 8 },
      }}
    >
      <Popover.Target>
        <div style={{ blockSize: 30 }} />
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={t("new.title")} data-new-booking>
        <form onSubmit={submit}>
          <Stack gap="xs">
            <Title order={2} size="h5">
              {t("new.title")} · {clock(localOf(startsAt, zone).minute)}
            </Title>
            <Text size="sm" c="dimmed">
              {[
                picked.dentistId && dentists.find((each) => each.id === dentistId)?.full_name,
                showDate(localOf(startsAt, zone).date, formatLocale(i18n.language)),
              ]
                .filter(Boolean)
                .join(" · ")}
            </Text>
            <PatientPicker patient={patient} />
            <NativeSelect
              size="xs"
              label={t("new.type")}
              value={slug}
              onChange={(event) => setSlug(event.currentTarget.value)}
              data={types.map((each) => ({
                value: each.slug,
                label: t("new.type_option", { name: each.name, count: each.duration_minutes }),
              }))}
            />
            {picked.dentistId === null && (
              <NativeSelect
                size="xs"
                label={t("new.dentist")}
                value={dentistId}
                onChange={(event) => setDentistId(event.currentTarget.value)}
                data={dentists.map((each) => ({ value: each.id, label: each.full_name }))}
              />
            )}
            <Textarea
              size="xs"
              label={t("new.note")}
              autosize
              maxRows={4}
              value={notes}
              onChange={(event) => setNotes(event.currentTarget.value)}
            />
            {error === null && <WhyNot explanation={explained.data} />}
            {explained.overridable && (
              <Checkbox
                size="xs"
                label={t("new.override")}
                checked={override}
                onChange={(event) => setOverride(event.currentTarget.checked)}
              />
            )}
            {error !== null && (
              <Refused error={error} zone={zone} dentists={dentists} onChoose={choose} />
            )}
            {blocked && (
              <Text size="sm" c="red" role="status">
                {blocked}
              </Text>
            )}
            {onBlock && (
              <Button
                size="compact-xs"
                variant="subtle"
                disabled={blocked !== null}
                onClick={onBlock}
              >
                {t("block.open")}
              </Button>
            )}
            <Group justify="flex-end" gap="xs">
              <Button size="xs" variant="subtle" color="gray" onClick={onClose}>
                {t("new.leave")}
              </Button>
              <Button
                size="xs"
                variant="default"
                disabled={busy || blocked !== null}
                onClick={() => void run(hold)}
              >
                {t("new.hold")}
              </Button>
              <Button size="xs" type="submit" loading={busy} disabled={blocked !== null}>
                {t("new.book")}
              </Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
