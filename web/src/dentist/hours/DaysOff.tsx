import type { components } from "@chairtime/client";
import { useServerNow } from "@chairtime/client/react";
import { ActionIcon, Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { dayOf, dayText } from "../../shared/days";
import classes from "../Dentist.module.css";

type DateException = components["schemas"]["DateException"];

interface Props {
  exceptions: readonly DateException[];
  zone: string;
  change: (exceptions: DateException[]) => void;
}

/** The days that differ from the week, from today on; adds days off. */
export function DaysOff({ exceptions, zone, change }: Props) {
  const { t, i18n } = useTranslation("dentist");
  const today = dayOf(useServerNow(), zone);
  const [day, setDay] = useState("");
  const ahead = exceptions.filter(({ on_date }) => on_date >= today);

  return (
    <section aria-labelledby="off">
      <Title order={2} size="h4" id="off" mb="xs">
        {t("off.title")}
      </Title>
      <Stack gap="xs">
        {ahead.length === 0 && <Text c="dimmed">{t("off.none")}</Text>}
        {ahead.map((exception) => {
          const date = dayText(exception.on_date, i18n.language);
          const hours = exception.starts
            ? `${exception.starts.slice(0, 5)}–${exception.ends?.slice(0, 5)}`
            : "";
          return (
            <Group key={JSON.stringify(exception)} justify="space-between" wrap="nowrap">
              <Text>
                {date} · {t(`off.kind.${exception.kind}`)} {hours} {exception.reason}
              </Text>
              <ActionIcon
                variant="default"
                size={36}
                aria-label={t("off.remove", { day: date })}
                onClick={() => change(exceptions.filter((other) => other !== exception))}
              >
                <IconTrash size={18} aria-hidden />
              </ActionIcon>
            </Group>
          );
        })}
        <div className={classes.window}>
          <TextInput
            type="date"
            label={t("off.day")}
            min={today}
            value={day}
            onChange={(event) => setDay(event.currentTarget.value)}
          />
          <Button
            variant="default"
            disabled={day < today}
            onClick={() => {
              change([...exceptions, { on_date: day, kind: "closed" }]);
              setDay("");
            }}
          >
            {t("off.add")}
          </Button>
        </div>
      </Stack>
    </section>
  );
}
