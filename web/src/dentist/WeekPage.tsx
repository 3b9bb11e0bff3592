import { useServerNow } from "@chairtime/client/react";
import { ActionIcon, Container, Group, Text, Title } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { addDays, cityOf, dayOf, dayText, isDay, mondayOf, timeText, weekOf } from "../shared/days";
import { ErrorMessage } from "../shared/ErrorMessage";
import { Skeletons } from "../shared/Skeletons";
import { StatusBadge } from "../shared/StatusBadge";
import classes from "./Dentist.module.css";
import { useSchedule } from "./useSchedule";
import { useVisits } from "./useVisits";

/** The dentist's week, a list for each day. */
export default function WeekPage() {
  const { t, i18n } = useTranslation("dentist");
  const [search, setSearch] = useSearchParams();
  const schedule = useSchedule();
  const zone = schedule.data?.time_zone ?? "UTC";
  const today = dayOf(useServerNow(), zone);
  const asked = search.get("week");
  const monday = schedule.data && mondayOf(asked && isDay(asked) ? asked : today);
  const visits = useVisits(monday, zone, 7);
  const error = schedule.error ?? visits.error;
  const go = (days: number) => monday && setSearch({ week: addDays(monday, days) });

  return (
    <Container size="xl" className={classes.page ?? ""}>
      <Group justify="space-between">
        <Title order={1} size="h2">
          {t("pages.week")}
        </Title>
        <Group gap="xs">
          <ActionIcon
            size="lg"
            variant="default"
            aria-label={t("week.previous")}
            onClick={() => go(-7)}
          >
            <IconChevronLeft size={18} aria-hidden />
          </ActionIcon>
          <Text fw={600} aria-live="polite">
            {monday &&
              `${dayText(monday, i18n.language)} – ${dayText(addDays(monday, 6), i18n.language)}`}
          </Text>
          <ActionIcon size="lg" variant="default" aria-label={t("week.next")} onClick={() => go(7)}>
            <IconChevronRight size={18} aria-hidden />
          </ActionIcon>
        </Group>
      </Group>
      <Text c="dimmed">{t("day.zone", { city: cityOf(zone) })}</Text>
      {error && !visits.data && (
        <ErrorMessage
          error={error}
          retry={() => Promise.all([schedule.refetch(), visits.refetch()])}
        />
      )}
      {!visits.data && !error && <Skeletons rows={5} height={72} />}
      {monday && visits.data && (
        <div className={classes.week}>
          {weekOf(monday).map((day) => {
            const of = visits.data.items.filter((it) => dayOf(it.starts_at, zone) === day);
            return (
              <section key={day} aria-label={dayText(day, i18n.language)}>
                <Title order={2} size="h5" mb="xs" c={day === today ? "var(--accent)" : ""}>
                  {dayText(day, i18n.language)}
                </Title>
                {of.length === 0 && (
                  <Text size="sm" c="dimmed">
                    {t("week.none")}
                  </Text>
                )}
                <ul className={classes.list}>
                  {of.map((visit) => (
                    <li key={visit.id} className={classes.entry}>
                      <Text size="sm">
                        <strong>{timeText(visit.starts_at, zone, i18n.language)}</strong>{" "}
                        {visit.patient_name ?? t("day.patient")}
                      </Text>
                      <StatusBadge status={visit.status} />
                    </li>
                  ))}
                </ul>
              </section>
            );
          })}
        </div>
      )}
    </Container>
  );
}
