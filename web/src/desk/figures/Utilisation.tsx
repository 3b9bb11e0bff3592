import { useDentists, useGet } from "@chairtime/client/react";
import { SimpleGrid, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { FigureChart, type Series } from "./FigureChart";
import { Rate } from "./Rate";
import { Section } from "./Section";
import { share, useFormats } from "./useFormats";
import type { Asked } from "./useRange";
import { useRefreshed } from "./useRefreshed";
import { grouped, type Time } from "./utilisation";

const HOUR = 60;

/** Booked and offered time, by dentist and by day. */
export function Utilisation({ asked }: { asked: Asked }) {
  const { t } = useTranslation("figures");
  const { count, decimal, percent, day } = useFormats();
  const dentists = useDentists().data;
  const found = useRefreshed(
    useGet("/api/admin/metrics/utilisation", { params: { query: asked } }),
  );
  const series: Series[] = [
    {
      name: "utilisation",
      label: t("utilisation.rate"),
      color: "var(--accent)",
      format: percent,
    },
    { name: "visits", label: t("utilisation.visits"), format: count },
    { name: "booked", label: t("utilisation.booked"), format: decimal },
    { name: "offered", label: t("utilisation.offered"), format: decimal },
    { name: "missed", label: t("utilisation.missed"), format: decimal },
  ];
  const nameOf = (id: string) =>
    dentists?.find((dentist) => dentist.id === id)?.full_name ??
    t("utilisation.former", { id: id.slice(0, 8) });
  const point = ([at, time]: [string, Time]) => ({
    at,
    values: {
      utilisation: share(time.booked, time.offered),
      visits: time.visits,
      booked: time.booked / HOUR,
      offered: time.offered / HOUR,
      missed: time.missed / HOUR,
    },
  });
  return (
    <Section id="utilisation" title={t("utilisation.title")} found={found}>
      {(rows) => {
        const [, all] = grouped(rows, () => "")[0] ?? [];
        const rate = percent(all ? share(all.booked, all.offered) : null);
        const summary = t("utilisation.summary", { rate });
        return (
          <>
            <SimpleGrid cols={{ base: 2, sm: 4 }}>
              <Rate name={t("utilisation.rate")} value={rate} />
              <Rate name={t("utilisation.visits")} value={count(all?.visits ?? 0)} />
            </SimpleGrid>
            <Title order={3} size="h4" mt="md">
              {t("utilisation.by_dentist")}
            </Title>
            <FigureChart
              kind="bars"
              of={t("utilisation.dentist")}
              summary={summary}
              series={series}
              points={grouped(rows, (row) => nameOf(row.dentist_id)).map(point)}
            />
            <Title order={3} size="h4" mt="md">
              {t("utilisation.by_day")}
            </Title>
            <FigureChart
              kind="bars"
              of={t("day")}
              summary={summary}
              series={series}
              points={grouped(rows, (row) => day(row.day)).map(point)}
            />
          </>
        );
      }}
    </Section>
  );
}
