import type { components } from "@chairtime/client";
import { ActionIcon, Button, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { addDays, dayText } from "../../shared/days";
import classes from "../Dentist.module.css";

type Window = components["schemas"]["WeeklyHours"];

interface Props {
  /** 0 is Monday. */
  weekday: number;
  weekly: readonly Window[];
  change: (weekly: Window[]) => void;
}

const A_MONDAY = "2024-01-01";
const NEW = { starts: "09:00", ends: "12:00" };

/** The hours of one day of the week. */
export function WeekdayHours({ weekday, weekly, change }: Props) {
  const { t, i18n } = useTranslation("dentist");
  const name = dayText(addDays(A_MONDAY, weekday), i18n.language, { weekday: "long" });
  const own = weekly.filter((window) => window.weekday === weekday);
  const replace = (old: Window, fields: Partial<Window>) =>
    change(weekly.map((window) => (window === old ? { ...old, ...fields } : window)));

  return (
    <Stack gap="xs" role="group" aria-label={name}>
      <Text fw={600}>{name}</Text>
      {own.length === 0 && <Text c="dimmed">{t("hours.closed")}</Text>}
      {own.map((window, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a window has no name; rows keep their order
        <div key={index} className={classes.window}>
          <TextInput
            type="time"
            label={t("hours.from")}
            value={window.starts.slice(0, 5)}
            onChange={(event) => replace(window, { starts: event.currentTarget.value })}
          />
          <TextInput
            type="time"
            label={t("hours.to")}
            value={window.ends.slice(0, 5)}
            onChange={(event) => replace(window, { ends: event.currentTarget.value })}
          />
          <ActionIcon
            variant="default"
            size={36}
            aria-label={t("hours.remove", { day: name, from: window.starts.slice(0, 5) })}
            onClick={() => change(weekly.filter((other) => other !== window))}
          >
            <IconTrash size={18} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <Button
        variant="subtle"
        size="xs"
        w="fit-content"
        leftSection={<IconPlus size={16} aria-hidden />}
        aria-label={t("hours.add_to", { day: name })}
        onClick={() => change([...weekly, { weekday, ...NEW }])}
      >
        {t("hours.add")}
      </Button>
    </Stack>
  );
}
