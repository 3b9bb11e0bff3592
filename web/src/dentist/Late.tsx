import type { Appointment } from "@chairtime/client";
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** By how many minutes a patient who has not arrived is late. */
export function Late({ visit, now }: { visit: Appointment; now: number }) {
  const { t } = useTranslation("dentist");
  const minutes = Math.floor((now - Date.parse(visit.starts_at)) / 60_000);
  if (visit.status !== "booked" || minutes < 1) return null;
  return (
    <Text span size="sm" fw={600} c="var(--held-text)">
      {minutes < 60
        ? t("day.late", { count: minutes })
        : t("day.late_hours", { count: Math.floor(minutes / 60) })}
    </Text>
  );
}
