import type { components } from "@chairtime/client";
import { SimpleGrid, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Figure } from "./Figure";
import { LastHour } from "./LastHour";
import { useLatency } from "./useLatency";

type Realtime = components["schemas"]["Realtime"];

const OUTCOMES = ["held", "booked", "released", "expired"] as const;

/** The figures of the event log, of the answering process, and of this browser. */
export function Figures({ figures }: { figures: Realtime }) {
  const { t } = useTranslation("health");
  const latency = useLatency();
  const { log, process } = figures;
  const busiest = process.delivered.at(-1);
  return (
    <Stack gap="lg">
      <section aria-labelledby="latency">
        <Title order={2} size="h3" id="latency" mb="xs">
          {t("latency.title")}
        </Title>
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          <Figure name={t("latency.last")} value={latency?.last} unit="ms" />
          <Figure name={t("latency.p95")} value={latency?.p95} unit="ms" />
          <Figure name={t("latency.sent")} value={busiest?.p95_ms} unit="ms" />
          <Figure name={t("latency.count")} value={latency?.count} />
        </SimpleGrid>
        <LastHour minutes={process.delivered} />
      </section>
      <section aria-labelledby="streams">
        <Title order={2} size="h3" id="streams" mb="xs">
          {t("streams.title")}
        </Title>
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          <Figure name={t("streams.open")} value={process.streams} />
          <Figure name={t("streams.behind")} value={process.behind} />
          <Figure name={t("streams.waiting")} value={log.waiting} />
          <Figure name={t("streams.waiting_seconds")} value={log.waiting_seconds} unit="s" />
        </SimpleGrid>
      </section>
      <section aria-labelledby="outcomes">
        <Title order={2} size="h3" id="outcomes" mb="xs">
          {t("outcomes.title")}
        </Title>
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          {OUTCOMES.map((outcome) => (
            <Figure
              key={outcome}
              name={t(`outcomes.${outcome}`)}
              value={log.kinds[`appointment.${outcome}`] ?? 0}
            />
          ))}
        </SimpleGrid>
      </section>
    </Stack>
  );
}
