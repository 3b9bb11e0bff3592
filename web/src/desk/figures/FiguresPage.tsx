import { Container, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useClinic } from "../../app/clinic";
import { useUser } from "../../app/session/SessionProvider";
import { Conversion } from "./Conversion";
import { Latency } from "./Latency";
import { LeadTimes } from "./LeadTimes";
import { NoShows } from "./NoShows";
import { Utilisation } from "./Utilisation";
import { LENGTHS, useRange } from "./useRange";

/** How a clinic is booked, for admins: figures by day of the last weeks. */
export default function FiguresPage() {
  const { t } = useTranslation("figures");
  const { clinic } = useClinic();
  const { range, days, choose } = useRange(clinic?.time_zone ?? "UTC");
  const isAdmin = useUser()?.role === "admin";
  const asked = clinic && { clinic_id: clinic.id, ...range };
  return (
    <Container py="lg" size="lg">
      <Stack gap="xl">
        <Group justify="space-between">
          <Title order={1}>{t("title")}</Title>
          {isAdmin && (
            <SegmentedControl
              aria-label={t("range.label")}
              value={String(days)}
              onChange={choose}
              data={LENGTHS.map((length) => ({
                value: String(length),
                label: t("range.days", { count: length }),
              }))}
            />
          )}
        </Group>
        {!isAdmin && <Text>{t("admins_only")}</Text>}
        {isAdmin && asked && (
          <>
            <Utilisation asked={asked} />
            <Conversion asked={asked} />
            <NoShows asked={asked} />
            <LeadTimes asked={asked} />
            <Latency range={range} />
          </>
        )}
      </Stack>
    </Container>
  );
}
