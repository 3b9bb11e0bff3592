import type { Appointment } from "@chairtime/client";
import { Button, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { allows } from "../../shared/allows";
import { VisitTime } from "../../shared/VisitTime";
import { CalendarButton } from "../visits/CalendarButton";
import { CancelButton } from "../visits/CancelButton";
import { CancelUntil } from "../visits/CancelUntil";
import classes from "./Book.module.css";
import { Heading } from "./Heading";

interface Props {
  appointment: Appointment;
  what: string;
  again: () => void;
}

/** ✓ Booked, and what can be done with it now; or that it was cancelled since. */
export function BookedPanel({ appointment, what, again }: Props) {
  const { t } = useTranslation("patient");
  const { status } = appointment;
  const waits = status === "pending_approval";
  const isOver = status === "cancelled" || status === "declined";
  const title = isOver ? t(`booked.${status}`) : waits ? t("booked.requested") : t("booked.title");
  return (
    <section
      className={classes.panel}
      data-kind={isOver ? undefined : "booked"}
      aria-labelledby="booked"
    >
      <Stack>
        <Heading id="booked" key={status}>
          {title}
        </Heading>
        <div role="status">
          <Text fw={600} size="lg">
            {what}
          </Text>
          <VisitTime
            startsAt={appointment.starts_at}
            endsAt={appointment.ends_at}
            zone={appointment.time_zone}
          />
        </div>
        {waits && <Text>{t("booked.requested_text")}</Text>}
        <Group className={classes.actions ?? ""}>
          {!isOver && <CalendarButton appointment={appointment} />}
          {allows(appointment, "reschedule") && (
            <Button variant="default" component={Link} to={`/visits/${appointment.id}/move`}>
              {t("visits.move")}
            </Button>
          )}
          <CancelButton appointment={appointment} />
        </Group>
        {!isOver && <CancelUntil appointment={appointment} />}
        <Group>
          <Button variant="default" component={Link} to="/visits">
            {t("booked.all")}
          </Button>
          <Button variant="subtle" onClick={again}>
            {t("booked.again")}
          </Button>
        </Group>
      </Stack>
    </section>
  );
}
