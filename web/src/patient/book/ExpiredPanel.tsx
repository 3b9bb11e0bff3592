import { type Appointment, isRefusal, type Slot } from "@chairtime/client";
import type { Hold } from "@chairtime/client/react";
import { Button, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { VisitTime } from "../../shared/VisitTime";
import { Alternatives } from "./Alternatives";
import classes from "./Book.module.css";
import { Heading } from "./Heading";

interface Props {
  hold: Hold;
  appointment: Appointment;
  what: string;
  holdAnew: (slot: Slot) => void;
  again: () => void;
}

/** The time to confirm ran out: what happened, and other times to hold with one click. */
export function ExpiredPanel({ hold, appointment, what, holdAnew, again }: Props) {
  const { t } = useTranslation("patient");
  const { error } = hold;
  return (
    <section className={classes.panel} aria-labelledby="expired">
      <Stack>
        <Heading id="expired">{t("expired.title")}</Heading>
        <Text role="alert">{t("expired.text")}</Text>
        <div>
          <Text fw={600}>{what}</Text>
          <VisitTime
            startsAt={appointment.starts_at}
            endsAt={appointment.ends_at}
            zone={appointment.time_zone}
          />
        </div>
        {error && !isRefusal(error, "hold_expired") && <ErrorMessage error={error} />}
        <Alternatives near={appointment} isPending={hold.isPending} choose={holdAnew} />
        <Button variant="subtle" onClick={again}>
          {t("expired.other")}
        </Button>
      </Stack>
    </section>
  );
}
