import type { Appointment } from "@chairtime/client";
import { useGet } from "@chairtime/client/react";
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { timeText } from "../shared/days";
import { StatusBadge } from "../shared/StatusBadge";
import classes from "./Dentist.module.css";
import { Late } from "./Late";

interface Props {
  visit: Appointment;
  zone: string;
  now: number;
}

/** The patient to be seen next. */
export function NextVisit({ visit, zone, now }: Props) {
  const { t, i18n } = useTranslation("dentist");
  const types = useGet("/api/appointment-types", {}).data;
  const type = types?.find(
    ({ slug, clinic_id }) => slug === visit.appointment_type && clinic_id === visit.clinic_id,
  );
  const at = (instant: string) => timeText(instant, zone, i18n.language);
  return (
    <section className={classes.next} aria-label={t("day.next")} data-visit={visit.id}>
      <Group justify="space-between" gap="xs">
        <Text fw={600}>
          {at(visit.starts_at)}–{at(visit.ends_at)}
        </Text>
        <Group gap="xs">
          <Late visit={visit} now={now} />
          <StatusBadge status={visit.status} />
        </Group>
      </Group>
      <div className={classes.name}>{visit.patient_name ?? t("day.patient")}</div>
      <Text>
        {type?.name ?? visit.appointment_type}
        {visit.chair_name && ` · ${visit.chair_name}`}
      </Text>
      {visit.notes && <Text c="dimmed">{visit.notes}</Text>}
      {visit.staff_notes && <Text c="dimmed">{visit.staff_notes}</Text>}
    </section>
  );
}
