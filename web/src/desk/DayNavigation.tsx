import { ActionIcon, Button, Group, SegmentedControl, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconPrinter } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useShortcut } from "../app/keys/shortcuts";
import { addDays, mondayOf } from "../shared/days";
import { formatLocale } from "../shared/locale";
import classes from "./Desk.module.css";
import { showDate } from "./time/zone";
import type { DeskPlace } from "./useDeskPlace";

/** The day that is shown, the way to others, and what the columns are. */
export function DayNavigation({ place }: { place: DeskPlace }) {
  const { t, i18n } = useTranslation("desk");
  const { date, today, view, columns, go } = place;
  const step = view === "week" ? 7 : 1;
  const locale = formatLocale(i18n.language);
  const shown = view === "week" ? showWeek(date, locale) : showDay(date, today, locale);
  const move = (days: number) => go({ date: addDays(date, days) });
  useShortcut("ArrowLeft", t("keys.previous"), () => move(-step));
  useShortcut("ArrowRight", t("keys.next"), () => move(step));
  useShortcut("t", t("keys.today"), () => go({ date: null }));
  return (
    <Group gap={6} wrap="nowrap" className={classes.navigation}>
      <ActionIcon
        variant="default"
        size="md"
        aria-label={t("nav.previous")}
        onClick={() => move(-step)}
      >
        <IconChevronLeft size={16} aria-hidden />
      </ActionIcon>
      <label className={classes.date}>
        <Text size="sm" fw={600} span aria-hidden>
          {shown}
        </Text>
        <input
          type="date"
          aria-label={t("nav.date")}
          value={date}
          onClick={(event) => event.currentTarget.showPicker()}
          onChange={(event) => event.currentTarget.value && go({ date: event.currentTarget.value })}
        />
      </label>
      <ActionIcon variant="default" size="md" aria-label={t("nav.next")} onClick={() => move(step)}>
        <IconChevronRight size={16} aria-hidden />
      </ActionIcon>
      <Button
        variant="default"
        size="xs"
        disabled={date === today}
        onClick={() => go({ date: null })}
      >
        {t("nav.today")}
      </Button>
      <SegmentedControl
        size="xs"
        aria-label={t("nav.view")}
        value={view}
        onChange={(value) => go({ view: value === "week" ? "week" : null })}
        data={[
          { value: "day", label: t("nav.day") },
          { value: "week", label: t("nav.week") },
        ]}
      />
      {view === "day" && (
        <SegmentedControl
          size="xs"
          aria-label={t("nav.columns")}
          value={columns}
          onChange={(value) => go({ columns: value === "chairs" ? "chairs" : null })}
          data={[
            { value: "dentists", label: t("nav.dentists") },
            { value: "chairs", label: t("nav.chairs") },
          ]}
        />
      )}
      <ActionIcon
        variant="default"
        size="md"
        visibleFrom="md"
        aria-label={t("nav.print")}
        title={t("nav.print")}
        onClick={() => window.print()}
      >
        <IconPrinter size={16} aria-hidden />
      </ActionIcon>
    </Group>
  );
}

/** With the year where it is not the present one. */
function showDay(date: string, today: string, locale: string): string {
  const isThisYear = date.slice(0, 4) === today.slice(0, 4);
  return showDate(date, locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...(isThisYear ? {} : { year: "numeric" }),
  });
}

function showWeek(date: string, locale: string): string {
  const monday = mondayOf(date);
  const at = (day: string) => new Date(`${day}T00:00:00Z`);
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" }).formatRange(
    at(monday),
    at(addDays(monday, 6)),
  );
}
