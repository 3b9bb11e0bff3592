import type { Appointment } from "@chairtime/client";
import type { Hold } from "@chairtime/client/react";
import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { allows } from "../../shared/allows";
import { Countdown } from "../../shared/Countdown";
import { cityOf, timeText } from "../../shared/days";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { VisitTime } from "../../shared/VisitTime";
import classes from "./Book.module.css";
import { Heading } from "./Heading";

interface Props {
  hold: Hold;
  appointment: Appointment;
  what: string;
}

const WARNING_SECONDS = 60;

/** 3 Yours until: confirm, extend or release. The last minute is announced, not each second. */
export function HoldPanel({ hold, appointment, what }: Props) {
  const { t, i18n } = useTranslation("patient");
  const { remainingSeconds } = hold;
  const until = appointment.hold_expires_at ?? appointment.ends_at;
  const zone = appointment.time_zone;
  const isUrgent = remainingSeconds !== null && remainingSeconds <= WARNING_SECONDS;
  const left = appointment.extensions_left ?? 0;
  const at = timeText(until, zone, i18n.language);
  const quiet = (done: Promise<unknown>) => void done.catch(() => undefined); // shown as hold.error

  return (
    <section className={classes.panel} data-kind="held" aria-labelledby="held">
      <Stack>
        <Heading id="held">{t("hold.yours_until", { at, city: cityOf(zone) })}</Heading>
        <div>
          <Text fw={600} size="lg">
            {what}
          </Text>
          <VisitTime startsAt={appointment.starts_at} endsAt={appointment.ends_at} zone={zone} />
        </div>
        <Group gap="sm" wrap="nowrap">
          <Progress
            flex={1}
            value={Math.min(100, ((remainingSeconds ?? 0) / span(appointment)) * 100)}
            aria-hidden
          />
          <Text fw={600} size="lg">
            <Countdown until={appointment.hold_expires_at} />
          </Text>
        </Group>
        <div className={classes.notice} data-urgent={isUrgent || undefined}>
          <Text role="alert">{isUrgent ? t("hold.last_minute") : ""}</Text>
          {allows(appointment, "extend") && (
            <Button
              variant="default"
              disabled={hold.isPending}
              onClick={() => quiet(hold.extend())}
            >
              {t("hold.extend_left", { count: left })}
            </Button>
          )}
        </div>
        {hold.error && <ErrorMessage error={hold.error} />}
        <Group>
          <Button
            size="md"
            className={classes.wide ?? ""}
            disabled={hold.isPending}
            onClick={() => quiet(hold.confirm())}
          >
            {t("hold.confirm")}
          </Button>
          <Button
            size="md"
            variant="subtle"
            className={classes.wide ?? ""}
            disabled={hold.isPending}
            onClick={() => quiet(hold.release())}
          >
            {t("hold.release")}
          </Button>
        </Group>
      </Stack>
    </section>
  );
}

/** Seconds from the hold's last change to its end. */
function span(appointment: Appointment): number {
  const until = Date.parse(appointment.hold_expires_at ?? appointment.ends_at);
  return Math.max(1, (until - Date.parse(appointment.updated_at)) / 1000);
}
