import { type components, newKey } from "@chairtime/client";
import { useClient } from "@chairtime/client/react";
import { Alert, Button, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { cityOf } from "../../shared/days";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { DaysOff } from "./DaysOff";
import { Outside } from "./Outside";
import { WeekdayHours } from "./WeekdayHours";

type Schedule = components["schemas"]["ShownSchedule"];
type Draft = Pick<Schedule, "weekly" | "exceptions">;

interface Props {
  schedule: Schedule;
  reload: () => unknown;
}

/** Edits hours. Before they are saved, a dry run names the bookings that would fall outside. */
export function HoursForm({ schedule, reload }: Props) {
  const { t } = useTranslation("dentist");
  const { api } = useClient();
  const [draft, setDraft] = useState<Draft>(schedule);
  const put = useMutation({
    mutationFn: async (dry: boolean) => {
      const { data } = await api.PUT("/api/availability/{dentist_id}", {
        params: {
          path: { dentist_id: schedule.dentist_id },
          query: { dry_run: dry },
          header: { "If-Match": `"${schedule.version}"`, "Idempotency-Key": newKey() },
        },
        body: { weekly: draft.weekly, exceptions: draft.exceptions },
      });
      if (!dry) await reload();
      return data;
    },
  });
  const change = (to: Partial<Draft>) => {
    put.reset();
    setDraft({ ...draft, ...to });
  };
  const isChanged = draft.weekly !== schedule.weekly || draft.exceptions !== schedule.exceptions;
  const tried = put.data?.dry_run ? put.data : null;

  return (
    <Stack gap="lg">
      <Text c="dimmed">{t("day.zone", { city: cityOf(schedule.time_zone) })}</Text>
      <section aria-labelledby="weekly">
        <Title order={2} size="h4" id="weekly" mb="xs">
          {t("hours.weekly")}
        </Title>
        <Stack>
          {[0, 1, 2, 3, 4, 5, 6].map((weekday) => (
            <WeekdayHours
              key={weekday}
              weekday={weekday}
              weekly={draft.weekly}
              change={(weekly) => change({ weekly })}
            />
          ))}
        </Stack>
      </section>
      <DaysOff
        exceptions={draft.exceptions}
        zone={schedule.time_zone}
        change={(exceptions) => change({ exceptions })}
      />
      {put.error && <ErrorMessage error={put.error} />}
      {tried && <Outside conflicts={tried.conflicts} total={tried.conflicts_total} />}
      {!isChanged && <Text role="status">{t("hours.unchanged")}</Text>}
      {isChanged && !tried && (
        <Alert color="gray" variant="light">
          {t("hours.try_first")}
        </Alert>
      )}
      <Group>
        {tried ? (
          <Button loading={put.isPending} onClick={() => put.mutate(false)}>
            {t("hours.save")}
          </Button>
        ) : (
          <Button loading={put.isPending} disabled={!isChanged} onClick={() => put.mutate(true)}>
            {t("hours.try")}
          </Button>
        )}
        <Button
          variant="default"
          disabled={!isChanged}
          onClick={() => change({ weekly: schedule.weekly, exceptions: schedule.exceptions })}
        >
          {t("hours.discard")}
        </Button>
      </Group>
    </Stack>
  );
}
