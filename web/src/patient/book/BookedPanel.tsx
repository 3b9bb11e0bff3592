import type { Appointment } from "@chairtime/client";
import { Button, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { allows } from "../../shared/allows";
import { VisitTime } from "../../shared/VisitTime";
import { CalendarButton } from "../visits/CalendarButton";
import { CancelUntil } from "../visits/CancelUntil";
import classes from "./Book.module.css";
import { Heading } from "./Heading";

interface Props {
  appointment: Appointment;
  what: string;
  again: () => void;
}

/** ✓ Booked, and what can be done with it now. */
export function BookedPanel({ appointment, what, again }: Props) {
  const { t } = useTranslation("patient");
  const waits = appointment.status === "pending_approval";
  return (
    <section className={classes.panel} data-kind="booked" aria-labelledby="booked">
      <Stack>
        <Heading id="booked">{waits ? t("booked.requested") : t("booked.title")}</Heading>
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
        <Group>
          <CalendarButton appointment={appointment} />
          {allows(appointment, "reschedule") && (
            <Button variant="default" component={Link} to={`/visits/${appointment.id}/move`}>
              {t("visits.move")}
            </Button>
          )}
          <Button variant="default" component={Link} to="/visits">
            {t("booked.all")}
          </Button>
        </Group>
        <CancelUntil appointment={appointment} />
        <Button variant="subtle" onClick={again}>
          {t("booked.again")}
        </Button>
      </Stack>
    </section>
  );
}
