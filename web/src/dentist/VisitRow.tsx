import type { Appointment } from "@chairtime/client";
import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { timeText } from "../shared/days";
import { StatusBadge } from "../shared/StatusBadge";
import classes from "./Dentist.module.css";
import { Late } from "./Late";
import type { useSteps } from "./useSteps";
import { stepOf } from "./visits";

interface Props {
  visit: Appointment;
  zone: string;
  now: number;
  steps: ReturnType<typeof useSteps>;
  /** Its step is at the lower edge already. */
  isNext: boolean;
}

/** A visit of the day, with its next step. */
export function VisitRow({ visit, zone, now, steps, isNext }: Props) {
  const { t, i18n } = useTranslation("dentist");
  const step = stepOf(visit);
  const isOver = visit.status === "completed" || visit.status === "no_show";
  return (
    <article className={classes.row} data-over={isOver || undefined}>
      <Text fw={600}>{timeText(visit.starts_at, zone, i18n.language)}</Text>
      <div>
        <Text truncate title={visit.patient_name ?? ""}>
          {visit.patient_name ?? t("day.patient")}
        </Text>
        <Group gap="xs">
          <StatusBadge status={visit.status} />
          <Late visit={visit} now={now} />
        </Group>
      </div>
      {step && !isNext && (
        <Button
          variant="default"
          disabled={steps.isPending}
          onClick={() => steps.take(step, visit)}
          aria-label={`${t(`steps.${step}`)}: ${visit.patient_name ?? ""}`}
        >
          {t(`steps.${step}`)}
        </Button>
      )}
    </article>
  );
}
