import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { cityOf, dayOf, dayText, offset, timeText } from "./days";

interface Props {
  startsAt: string;
  endsAt?: string;
  /** The clinic's zone. */
  zone: string;
}

/** When a visit is, in the clinic's zone; and in the visitor's own zone where that differs. */
export function VisitTime({ startsAt, endsAt, zone }: Props) {
  const { t, i18n } = useTranslation();
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const starts = Date.parse(startsAt);
  const differs = offset(starts, own) !== offset(starts, zone);
  const text = (where: string) => {
    const times = [startsAt, endsAt].filter((at) => at !== undefined);
    const clock = times.map((at) => timeText(at, where, i18n.language)).join("–");
    return `${dayText(dayOf(startsAt, where), i18n.language)}, ${clock}`;
  };
  return (
    <>
      <time dateTime={startsAt} title={zone}>
        {text(zone)} ({t("zone.of", { city: cityOf(zone) })})
      </time>
      {differs && (
        <Text span c="dimmed" size="sm" display="block">
          {t("zone.yours", { time: text(own) })}
        </Text>
      )}
    </>
  );
}
