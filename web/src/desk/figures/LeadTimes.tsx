import { useGet } from "@chairtime/client/react";
import { SimpleGrid } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { FigureChart, type Series } from "./FigureChart";
import { Rate } from "./Rate";
import { Section } from "./Section";
import { share, sum, useFormats } from "./useFormats";
import type { Asked } from "./useRange";
import { useRefreshed } from "./useRefreshed";

const DAY = 24;

const inDays = (hours: number | null) => (hours === null ? null : hours / DAY);

/** How many days before their start visits were booked, by the day of the visit. */
export function LeadTimes({ asked }: { asked: Asked }) {
  const { t } = useTranslation("figures");
  const { count, decimal, day } = useFormats();
  const found = useRefreshed(useGet("/api/admin/metrics/lead-times", { params: { query: asked } }));
  const series: Series[] = [
    { name: "visits", label: t("lead_times.visits"), format: count },
    { name: "median", label: t("lead_times.median"), color: "var(--accent)", format: decimal },
    { name: "p90", label: t("lead_times.p90"), color: "var(--pending-line)", format: decimal },
    { name: "mean", label: t("lead_times.mean"), format: decimal },
  ];
  return (
    <Section id="lead-times" title={t("lead_times.title")} found={found}>
      {(rows) => {
        const visits = sum(rows, (row) => row.visits);
        const hours = sum(rows, (row) => (row.mean_hours ?? 0) * row.visits);
        const mean = decimal(inDays(share(hours, visits)));
        return (
          <>
            <SimpleGrid cols={{ base: 2, sm: 4 }}>
              <Rate name={t("lead_times.visits")} value={count(visits)} />
              <Rate name={t("lead_times.mean")} value={mean} />
            </SimpleGrid>
            <FigureChart
              kind="lines"
              of={t("day")}
              summary={t("lead_times.summary", { mean })}
              series={series}
              points={rows.map((row) => ({
                at: day(row.day),
                values: {
                  visits: row.visits,
                  median: inDays(row.median_hours),
                  p90: inDays(row.p90_hours),
                  mean: inDays(row.mean_hours),
                },
              }))}
            />
          </>
        );
      }}
    </Section>
  );
}
