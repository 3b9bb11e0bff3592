import type { Appointment, Slot } from "@chairtime/client";
import { useAvailability, useDentists } from "@chairtime/client/react";
import { Button, Skeleton, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { dayOf, mondayOf } from "../../shared/days";
import { VisitTime } from "../../shared/VisitTime";

interface Props {
  /** The booking whose time is gone. */
  near: Pick<
    Appointment,
    "appointment_type" | "clinic_id" | "dentist_id" | "starts_at" | "time_zone"
  >;
  isPending: boolean;
  choose: (slot: Slot) => void;
}

const COUNT = 3;

/** The three free times next to one that is gone, the same dentist first. */
export function Alternatives({ near, isPending, choose }: Props) {
  const { t } = useTranslation("patient");
  const dentists = useDentists();
  const { data, isPending: isLoading } = useAvailability({
    appointmentType: near.appointment_type,
    clinicId: near.clinic_id,
    dentistId: null,
    date: mondayOf(dayOf(near.starts_at, near.time_zone)),
    days: 14,
  });
  if (isLoading) return <Skeleton height={144} data-loading />;
  const slots = closest(data?.slots ?? [], near);
  if (slots.length === 0) return <Text>{t("alternatives.none")}</Text>;
  return (
    <Stack gap="xs">
      <Text fw={600}>{t("alternatives.title")}</Text>
      {slots.map((slot) => {
        const dentist = dentists.data?.find(({ id }) => id === slot.dentist_id);
        return (
          <Button
            key={`${slot.starts_at} ${slot.dentist_id}`}
            variant="default"
            h="auto"
            mih={44}
            py="xs"
            disabled={isPending}
            justify="space-between"
            styles={{ label: { whiteSpace: "normal", textAlign: "start", lineHeight: 1.4 } }}
            rightSection={
              <Text span fw={600} style={{ whiteSpace: "nowrap" }}>
                {t("alternatives.hold")}
              </Text>
            }
            onClick={() => choose(slot)}
          >
            <span>
              <VisitTime startsAt={slot.starts_at} zone={slot.time_zone} />
              <Text span size="sm" c="dimmed" display="block">
                {dentist?.full_name}
              </Text>
            </span>
          </Button>
        );
      })}
    </Stack>
  );
}

function closest(slots: readonly Slot[], near: Props["near"]): Slot[] {
  const at = Date.parse(near.starts_at);
  const distance = (slot: Slot) =>
    Math.abs(Date.parse(slot.starts_at) - at) +
    (slot.dentist_id === near.dentist_id ? 0 : 3_600_000);
  const found: Slot[] = [];
  const free = slots.filter((slot) => slot.state === "free");
  for (const slot of free.sort((a, b) => distance(a) - distance(b))) {
    if (!found.some((other) => other.starts_at === slot.starts_at)) found.push(slot);
    if (found.length === COUNT) break;
  }
  return found.sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at));
}
