import type { components } from "@chairtime/client";
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "./health.module.css";

type Minute = components["schemas"]["Minute"];

const MINUTES = 60;

/** A bar for each minute of the last hour: the 95th percentile from commit to socket. */
export function LastHour({ minutes }: { minutes: readonly Minute[] }) {
  const { t, i18n } = useTranslation("health");
  const number = (value: number) =>
    value.toLocaleString(i18n.language, { maximumFractionDigits: 1 });
  if (minutes.length === 0) return <Text mt="sm">{t("latency.nothing")}</Text>;
  const worst = Math.max(...minutes.map((minute) => minute.p95_ms), 1);
  const newest = Date.parse(minutes[minutes.length - 1]?.at ?? "");
  const summary = t("latency.summary", { count: minutes.length, worst: number(worst) });
  return (
    <figure className={classes.hour}>
      <svg viewBox={`0 0 ${MINUTES * 10} 80`} role="img" aria-label={summary}>
        {minutes.map((minute) => {
          const back = Math.round((newest - Date.parse(minute.at)) / 60_000);
          const height = Math.max(2, (minute.p95_ms / worst) * 76);
          return (
            <rect
              key={minute.at}
              x={(MINUTES - 1 - back) * 10}
              y={80 - height}
              width={8}
              height={height}
              rx={2}
            />
          );
        })}
      </svg>
      <figcaption>{summary}</figcaption>
    </figure>
  );
}
