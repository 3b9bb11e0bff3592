import { useTranslation } from "react-i18next";
import { formatLocale } from "./locale";

interface Props {
  at: Date | string;
  /** The clinic's zone. */
  zone: string;
  show?: "time" | "date" | "both";
}

const FORMATS: Record<NonNullable<Props["show"]>, Intl.DateTimeFormatOptions> = {
  time: { timeStyle: "short" },
  date: { weekday: "short", day: "numeric", month: "short" },
  both: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
};

/** An instant in the clinic's zone; the zone's name is in its title. */
export function When({ at, zone, show = "both" }: Props) {
  const { i18n } = useTranslation();
  const instant = typeof at === "string" ? new Date(at) : at;
  return (
    <time dateTime={instant.toISOString()} title={zone}>
      {instant.toLocaleString(formatLocale(i18n.language), { ...FORMATS[show], timeZone: zone })}
    </time>
  );
}
