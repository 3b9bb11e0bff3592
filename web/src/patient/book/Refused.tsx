import { type ClientError, isRefusal, type Slot } from "@chairtime/client";
import { Button, Group, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { dayOf, dayText, timeText } from "../../shared/days";
import { ErrorMessage } from "../../shared/ErrorMessage";

interface Props {
  error: ClientError;
  isPending: boolean;
  choose: (slot: Slot) => void;
}

/** Why a time could not be taken, and those that the API offers instead. */
export function Refused({ error, isPending, choose }: Props) {
  const { t, i18n } = useTranslation("patient");
  const offered = isRefusal(error) ? (error.problem.alternatives ?? []) : [];
  return (
    <Stack gap="xs">
      <ErrorMessage
        error={error}
        {...(isRefusal(error, "patient_overlap") ? { text: t("book.overlap") } : {})}
      />
      <Group gap="xs">
        {offered.map((slot) => (
          <Button
            key={`${slot.starts_at} ${slot.dentist_id}`}
            variant="light"
            disabled={isPending}
            onClick={() => choose(slot)}
          >
            {dayText(dayOf(slot.starts_at, slot.time_zone), i18n.language)},{" "}
            {timeText(slot.starts_at, slot.time_zone, i18n.language)}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}
