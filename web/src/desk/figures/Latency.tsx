import { useGet } from "@chairtime/client/react";
import { useTranslation } from "react-i18next";
import { dateFormat, formatLocale } from "../../shared/locale";
import { FigureChart, type Series } from "./FigureChart";
import { Section } from "./Section";
import { useFormats } from "./useFormats";
import type { Range } from "./useRange";
import { useRefreshed } from "./useRefreshed";

const PERCENTILES = [
  ["p50_ms", "var(--accent)"],
  ["p95_ms", "var(--held-line)"],
  ["p99_ms", "var(--bad-line)"],
] as const;

/** The delay of events by hour, for as long as the log is kept; of all clinics. */
export function Latency({ range }: { range: Range }) {
  const { t, i18n } = useTranslation("figures");
  const { count, decimal } = useFormats();
  const found = useRefreshed(useGet("/api/admin/metrics/latency", { params: { query: range } }));
  const hour = dateFormat(formatLocale(i18n.language), {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    timeZone: "UTC",
  });
  const series: Series[] = [
    { name: "events", label: t("latency.events"), format: count },
    ...PERCENTILES.map(([name, color]) => ({
      name,
      color,
      label: t(`latency.${name}`),
      format: decimal,
    })),
    { name: "max_ms", label: t("latency.max_ms"), format: decimal },
  ];
  return (
    <Section id="latency" title={t("latency.title")} found={found}>
      {(rows) => (
        <FigureChart
          kind="lines"
          of={t("latency.hour")}
          summary={t("latency.summary", {
            worst: decimal(Math.max(0, ...rows.map((row) => row.p99_ms ?? 0))),
          })}
          series={series}
          points={rows.map(({ hour: at, ...values }) => ({
            at: hour.format(new Date(at)),
            values,
          }))}
        />
      )}
    </Section>
  );
}
