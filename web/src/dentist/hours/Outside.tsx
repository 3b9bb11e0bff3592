import type { Appointment } from "@chairtime/client";
import { Alert, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { VisitTime } from "../../shared/VisitTime";
import classes from "../Dentist.module.css";

/** What a change of hours would leave outside of them. Those bookings stay as they are. */
export function Outside({
  conflicts,
  total,
}: {
  conflicts: readonly Appointment[];
  total: number;
}) {
  const { t } = useTranslation("dentist");
  return (
    <Alert role="status" color={total > 0 ? "yellow" : "green"} variant="light">
      <Text fw={600}>{t("outside.count", { count: total })}</Text>
      {total > 0 && <Text size="sm">{t("outside.text")}</Text>}
      <ul className={classes.list}>
        {conflicts.map((visit) => (
          <li key={visit.id}>
            <VisitTime startsAt={visit.starts_at} endsAt={visit.ends_at} zone={visit.time_zone} />{" "}
            {visit.patient_name}
          </li>
        ))}
      </ul>
    </Alert>
  );
}
