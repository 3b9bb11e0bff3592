import type { Appointment } from "@chairtime/client";
import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { allows } from "../../shared/allows";
import { StatusBadge } from "../../shared/StatusBadge";
import { VisitTime } from "../../shared/VisitTime";
import classes from "../book/Book.module.css";
import { useNames } from "../useNames";
import { CalendarButton } from "./CalendarButton";
import { CancelButton } from "./CancelButton";
import { CancelUntil } from "./CancelUntil";
import { MovedNotice } from "./MovedNotice";

/** A visit with what the patient may do with it now. */
export function VisitCard({ appointment }: { appointment: Appointment }) {
  const { t } = useTranslation("patient");
  const nameOf = useNames();
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
        <Group gap="xs" className={classes.actions ?? ""}>
          {isAhead && allows(appointment, "reschedule") && (
            <Button component={Link} to={`/visits/${appointment.id}/move`} variant="default">
              {t("visits.move")}
            </Button>
          )}
          {isAhead && <CalendarButton appointment={appointment} />}
          <CancelButton appointment={appointment} />
        </Group>
        {isAhead && <CancelUntil appointment={appointment} />}
      </Stack>
    </Paper>
  );
}
