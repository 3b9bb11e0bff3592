import type { Appointment } from "@chairtime/client";
import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { allows } from "../../shared/allows";
import { StatusBadge } from "../../shared/StatusBadge";
import { VisitTime } from "../../shared/VisitTime";
import { useNames } from "../useNames";
import { CalendarButton } from "./CalendarButton";
import { CancelUntil } from "./CancelUntil";
import { MovedNotice } from "./MovedNotice";

const CancelDialog = lazy(() => import("./CancelDialog"));

/** A visit with what the patient may do with it now. */
export function VisitCard({ appointment }: { appointment: Appointment }) {
  const { t } = useTranslation("patient");
  const nameOf = useNames();
  const [isCancelling, setCancelling] = useState(false);
  const { status } = appointment;
  const isAhead = status === "booked" || status === "pending_approval";

  return (
    <Paper withBorder p="md" component="article" data-visit={appointment.id}>
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <Text fw={600}>{nameOf(appointment)}</Text>
          <StatusBadge status={status} />
        </Group>
        <div>
          <VisitTime
            startsAt={appointment.starts_at}
            endsAt={appointment.ends_at}
            zone={appointment.time_zone}
          />
        </div>
        <MovedNotice appointment={appointment} />
        {status === "held" && (
          <Button component={Link} to="/" w="fit-content">
            {t("visits.finish")}
          </Button>
        )}
        {isAhead && (
          <Group gap="xs">
            {allows(appointment, "reschedule") && (
              <Button component={Link} to={`/visits/${appointment.id}/move`} variant="default">
                {t("visits.move")}
              </Button>
            )}
            <CalendarButton appointment={appointment} />
            {allows(appointment, "cancel") && (
              <Button variant="subtle" color="red" onClick={() => setCancelling(true)}>
                {t("visits.cancel")}
              </Button>
            )}
          </Group>
        )}
        {isAhead && <CancelUntil appointment={appointment} />}
      </Stack>
      {isCancelling && (
        <Suspense>
          <CancelDialog appointment={appointment} close={() => setCancelling(false)} />
        </Suspense>
      )}
    </Paper>
  );
}
