import type { Appointment } from "@chairtime/client";
import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { allows } from "../shared/allows";
import classes from "./Dentist.module.css";
import type { useSteps } from "./useSteps";
import { stepOf } from "./visits";

interface Props {
  visit: Appointment;
  steps: ReturnType<typeof useSteps>;
}

/** The next step of the next visit, within the thumb's reach. The button stays the same element, so
 * that the focus stays on it from step to step. */
export function StepBar({ visit, steps }: Props) {
  const { t } = useTranslation("dentist");
  const step = stepOf(visit);
  return (
    <section className={classes.bar} aria-label={t("day.steps")}>
      <div>
        <Text size="sm" c="dimmed" truncate>
          {visit.patient_name}
        </Text>
        <Group gap="xs" wrap="nowrap">
          <Button
            size="lg"
            flex={1}
            aria-disabled={step === null || steps.isPending || undefined}
            data-disabled={step === null || undefined}
            onClick={() => step && !steps.isPending && steps.take(step, visit)}
          >
            {step ? t(`steps.${step}`) : t("day.wait")}
          </Button>
          {allows(visit, "no_show") && (
            <Button
              size="lg"
              variant="default"
              disabled={steps.isPending}
              onClick={() => steps.noShow(visit)}
            >
              {t("steps.no_show")}
            </Button>
          )}
        </Group>
      </div>
    </section>
  );
}
