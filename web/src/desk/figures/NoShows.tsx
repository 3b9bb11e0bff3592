import { useGet } from "@chairtime/client/react";
import { SimpleGrid } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { FigureChart, type Series } from "./FigureChart";
import { Rate } from "./Rate";
import { Section } from "./Section";
import { share, sum, useFormats } from "./useFormats";
import type { Asked } from "./useRange";
import { useRefreshed } from "./useRefreshed";

const OUTCOMES = [
  ["attended", "var(--present-line)"],
  ["no_shows", "var(--bad-line)"],
  ["cancelled", "var(--done-line)"],
  ["open", "var(--booked-line)"],
] as const;

/** Whether patients came, by the day of the visit. */
export function NoShows({ asked }: { asked: Asked }) {
  const { t } = useTranslation("figures");
  const { count, percent, day } = useFormats();
  const found = useRefreshed(useGet("/api/admin/metrics/no-shows", { params: { query: asked } }));
  const series: Series[] = [
    ...OUTCOMES.map(([name, color]) => ({
      name,
      color,
      label: t(`no_shows.${name}`),
      format: count,
    })),
    { name: "no_show_rate", label: t("no_shows.rate"), format: percent },
  ];
  return (
    <Section id="no-shows" title={t("no_shows.title")} found={found}>
      {(rows) => {
        const missed = sum(rows, (row) => row.no_shows);
        const rate = share(missed, missed + sum(rows, (row) => row.attended));
        return (
          <>
            <SimpleGrid cols={{ base: 2, sm: 4 }}>
              <Rate name={t("no_shows.no_shows")} value={count(missed)} />
              <Rate name={t("no_shows.rate")} value={percent(rate)} />
            </SimpleGrid>
            <FigureChart
              kind="bars"
              of={t("day")}
              summary={t("no_shows.summary", { rate: percent(rate) })}
              series={series}
              points={rows.map(({ clinic_id, day: at, ...values }) => ({ at: day(at), values }))}
            />
          </>
        );
      }}
    </Section>
  );
}
