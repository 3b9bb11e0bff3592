import { useServerNow } from "@chairtime/client/react";
import { Container, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { cityOf, dayOf, dayText } from "../shared/days";
import { ErrorMessage } from "../shared/ErrorMessage";
import { Skeletons } from "../shared/Skeletons";
import classes from "./Dentist.module.css";
import { NextVisit } from "./NextVisit";
import { StepBar } from "./StepBar";
import { useSchedule } from "./useSchedule";
import { useSteps } from "./useSteps";
import { useVisits } from "./useVisits";
import { VisitRow } from "./VisitRow";
import { nextOf } from "./visits";

/** The dentist's day: the next patient large, then the rest. */
export default function DayPage() {
  const { t, i18n } = useTranslation("dentist");
  const now = useServerNow(15_000);
  const schedule = useSchedule();
  const zone = schedule.data?.time_zone ?? "UTC";
  const day = schedule.data && dayOf(now, zone);
  const visits = useVisits(day, zone);
  const steps = useSteps();
  const items = visits.data?.items;
  const next = items && nextOf(items, now);
  const error = schedule.error ?? visits.error;

  return (
    <Container size={720} className={classes.page ?? ""}>
      <div>
        <Title order={1} size="h2">
          {t("pages.day")}
        </Title>
        {day && (
          <Text c="dimmed">
            {dayText(day, i18n.language, { weekday: "long", day: "numeric", month: "long" })} ·{" "}
            {t("day.zone", { city: cityOf(zone) })}
          </Text>
        )}
      </div>
      {error && !items && (
        <ErrorMessage
          error={error}
          retry={() => Promise.all([schedule.refetch(), visits.refetch()])}
        />
      )}
      {!items && !error && <Skeletons rows={5} height={72} />}
      {items?.length === 0 && <Text>{t("day.empty")}</Text>}
      {items && items.length > 0 && !next && <Text>{t("day.over")}</Text>}
      {next && <NextVisit visit={next} zone={zone} now={now} />}
      {steps.error && <ErrorMessage error={steps.error} />}
      {items && items.length > 0 && (
        <section aria-labelledby="all">
          <Title order={2} size="h4" id="all" mb="xs">
            {t("day.all", { count: items.length })}
          </Title>
          <ul className={classes.list}>
            {items.map((visit) => (
              <li key={visit.id}>
                <VisitRow
                  visit={visit}
                  zone={zone}
                  now={now}
                  steps={steps}
                  isNext={visit === next}
                />
              </li>
            ))}
          </ul>
        </section>
      )}
      {next && <StepBar visit={next} steps={steps} />}
    </Container>
  );
}
