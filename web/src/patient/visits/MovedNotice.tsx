import type { Appointment } from "@chairtime/client";
import { Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { dayOf, dayText, timeText } from "../../shared/days";

/** Says so when the time of a visit changes while it is shown. */
export function MovedNotice({ appointment }: { appointment: Appointment }) {
  const { t, i18n } = useTranslation("patient");
  const { starts_at: at, time_zone: zone } = appointment;
  const [shown, setShown] = useState({ at, before: null as string | null });
  if (Date.parse(shown.at) !== Date.parse(at)) setShown({ at, before: shown.at });
  const before = shown.before;
  return (
    <Text role="status" size="sm" c="var(--held-text)" fw={600}>
      {before &&
        t("visits.moved", {
          when: `${dayText(dayOf(before, zone), i18n.language)}, ${timeText(before, zone, i18n.language)}`,
        })}
    </Text>
  );
}
