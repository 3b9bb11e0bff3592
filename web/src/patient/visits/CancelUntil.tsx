import type { Appointment } from "@chairtime/client";
import { useServerNow } from "@chairtime/client/react";
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { cityOf, dayOf, dayText, timeText } from "../../shared/days";

/** Until when the visit can be cancelled or moved online, by the terms it was booked on. */
export function CancelUntil({ appointment }: { appointment: Appointment }) {
  const { t, i18n } = useTranslation("patient");
  const now = useServerNow();
  const until = appointment.cancel_until;
  if (!until) return null;
  const zone = appointment.time_zone;
  const when = `${dayText(dayOf(until, zone), i18n.language)}, ${timeText(until, zone, i18n.language)}`;
  const isOver = Date.parse(until) <= now;
  return (
    <Text size="sm" c="dimmed">
      {t(isOver ? "visits.too_late" : "visits.until", { when, city: cityOf(zone) })}
    </Text>
  );
}
