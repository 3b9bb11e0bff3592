import { useClient } from "@chairtime/client/react";
import { ActionIcon, Button, Group, Text, Title } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatLocale } from "../../shared/locale";
import type { DateException } from "../time/opening";
import { localOf, showDate } from "../time/zone";
import { ExceptionForm } from "./ExceptionForm";
import { addMonths, Month } from "./Month";
import classes from "./Schedules.module.css";

interface Props {
  exceptions: readonly DateException[];
  zone: string;
  onChange: (exceptions: readonly DateException[]) => void;
}

/** The days that differ from the weekly hours, month by month. */
export function Exceptions({ exceptions, zone, onChange }: Props) {
  const { t, i18n } = useTranslation("desk");
  const { clock } = useClient();
  const today = localOf(clock.now(), zone).date;
  const [month, setMonth] = useState(`${today.slice(0, 7)}-01`);
  const [day, setDay] = useState<string | null>(null);
  const shown = exceptions.filter((each) => each.on_date.slice(0, 7) === month.slice(0, 7));
  return (
    <section className={classes.exceptions}>
      <div>
        <Group justify="space-between" mb="xs">
          <Title order={2} size="h5">
            {t("schedule.exceptions")}
          </Title>
          <Group gap={4}>
            <ActionIcon
              variant="default"
              aria-label={t("nav.previous")}
              onClick={() => setMonth(addMonths(month, -1))}
            >
              <IconChevronLeft size={16} aria-hidden />
            </ActionIcon>
            <Text size="sm" fw={600} role="status">
              {showDate(month, formatLocale(i18n.language), { month: "long", year: "numeric" })}
            </Text>
            <ActionIcon
              variant="default"
              aria-label={t("nav.next")}
              onClick={() => setMonth(addMonths(month, 1))}
            >
              <IconChevronRight size={16} aria-hidden />
            </ActionIcon>
          </Group>
        </Group>
        <Month month={month} today={today} chosen={day} exceptions={shown} onChoose={setDay} />
      </div>
      <div>
        {day ? (
          <ExceptionForm
            key={day}
            date={day}
            onAdd={(each) => {
              onChange([...exceptions, each]);
              setDay(null);
            }}
            onLeave={() => setDay(null)}
          />
        ) : (
          <Text size="sm" c="dimmed">
            {t("schedule.choose_day")}
          </Text>
        )}
        <ul className={classes.list}>
          {shown.map((each) => (
            <li key={JSON.stringify(each)}>
              <span>
                {showDate(each.on_date, formatLocale(i18n.language))}:{" "}
                {t(`schedule.kind.${each.kind}`)}{" "}
                {each.starts || each.ends
                  ? `${each.starts ?? "00:00"}–${each.ends ?? "24:00"}`
                  : t("schedule.all_day")}
                {each.reason && ` · ${each.reason}`}
              </span>
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                aria-label={t("schedule.remove", {
                  day: showDate(each.on_date, formatLocale(i18n.language)),
                  label: t(`schedule.kind.${each.kind}`),
                })}
                onClick={() => onChange(exceptions.filter((other) => other !== each))}
              >
                <IconX size={14} aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
