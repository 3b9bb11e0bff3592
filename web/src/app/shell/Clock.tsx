import { Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { cityOf } from "../../shared/days";
import { formatLocale } from "../../shared/locale";

/** The time of day in the clinic's zone, with the zone's place. */
export function Clock({ zone }: { zone: string }) {
  const { t, i18n } = useTranslation();
  const now = useMinute();
  const text = now.toLocaleTimeString(formatLocale(i18n.language), {
    hour: "2-digit",
    minute: "2-digit",
    timeZone: zone,
  });
  return (
    <Text component="time" size="sm" title={zone} dateTime={now.toISOString()}>
      {text} {t("zone.of", { city: cityOf(zone) })}
    </Text>
  );
}

function useMinute(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setTimeout(() => setNow(new Date()), 60_000 - (now.getTime() % 60_000));
    return () => clearTimeout(timer);
  }, [now]);
  return now;
}
