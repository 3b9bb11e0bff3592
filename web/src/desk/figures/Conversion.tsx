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
  ["booked", "var(--booked-line)"],
  ["expired", "var(--bad-line)"],
  ["given_up", "var(--done-line)"],
  ["declined", "var(--pending-line)"],
  ["open", "var(--held-line)"],
] as const;

/** What became of holds, by the day on which they were made. */
export function Conversion({ asked }: { asked: Asked }) {
  const { t } = useTranslation("figures");
  const { count, percent, day } = useFormats();
  const found = useRefreshed(useGet("/api/admin/metrics/conversion", { params: { query: asked } }));
  const series: Series[] = [
    ...OUTCOMES.map(([name, color]) => ({
      name,
      color,
      label: t(`conversion.${name}`),
      format: count,
    })),
    { name: "conversion_rate", label: t("conversion.rate"), format: percent },
    { name: "expiry_rate", label: t("conversion.expiry_rate"), format: percent },
  ];
  return (
    <Section id="conversion" title={t("conversion.title")} found={found}>
      {(rows) => {
        const ended = sum(rows, (row) => row.holds - row.open);
        const converted = share(
          sum(rows, (row) => row.booked),
          ended,
        );
        const expired = share(
          sum(rows, (row) => row.expired),
          ended,
        );
        return (
          <>
            <SimpleGrid cols={{ base: 2, sm: 4 }}>
              <Rate name={t("conversion.holds")} value={count(sum(rows, (row) => row.holds))} />
              <Rate name={t("conversion.rate")} value={percent(converted)} />
              <Rate name={t("conversion.expiry_rate")} value={percent(expired)} />
            </SimpleGrid>
            <FigureChart
              kind="bars"
              of={t("day")}
              summary={t("conversion.summary", { rate: percent(converted) })}
              series={series}
              points={rows.map(({ clinic_id, day: at, ...values }) => ({ at: day(at), values }))}
            />
          </>
        );
      }}
    </Section>
  );
}
