import { ActionIcon, Group, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  addDays,
  addMonths,
  dayText,
  firstOfMonth,
  mondayOf,
  monthsText,
  weekOf,
  weeksOf,
} from "../../shared/days";
import classes from "./Book.module.css";
import type { Search } from "./search";
import { WeekRow } from "./WeekRow";

interface Props {
  search: Search;
  today: string;
  chosen: string | null;
  choose: (day: string) => void;
}

const STEPS: Partial<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -7,
  ArrowDown: 7,
};

const FEWEST_WEEKS = 4;

/** A month in which days with free times are marked. Arrow keys move between days. */
export function MonthCalendar({ search, today, chosen, choose }: Props) {
  const { t, i18n } = useTranslation("patient");
  const table = useRef<HTMLTableElement>(null);
  const [month, show] = useState(firstOfMonth(chosen ?? today));
  const [followed, follow] = useState(chosen);
  const [reached, reach] = useState<string | null>(null);
  const weeks = weeksFrom(month, today);
  const [first, end] = [month > today ? month : today, addDays(weeks.at(-1) ?? month, 7)];
  const isShown = (day: string | null) => day !== null && first <= day && day < end;
  const entry = [reached, chosen].find(isShown) ?? first;

  if (followed !== chosen) {
    follow(chosen);
    if (chosen && !isShown(chosen)) show(firstOfMonth(chosen));
  }

  function press(event: KeyboardEvent) {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const mirrored = i18n.dir() === "rtl" && Math.abs(step) === 1 ? -step : step;
    const next = addDays(entry, mirrored);
    if (next < today) return;
    reach(next);
    if (!isShown(next)) show(firstOfMonth(next));
    requestAnimationFrame(() =>
      table.current?.querySelector<HTMLElement>(`[data-day="${next}"]`)?.focus(),
    );
  }

  const isExtended = (weeks.at(-1) ?? month) >= addMonths(month, 1);
  const name = monthsText(first, isExtended ? addDays(end, -1) : first, i18n.language);
  return (
    <div>
      <Group justify="space-between" mb="xs" wrap="nowrap">
        <ActionIcon
          variant="default"
          size="lg"
          aria-label={t("calendar.previous")}
          disabled={month <= firstOfMonth(today)}
          onClick={() => show(addMonths(month, -1))}
        >
          <IconChevronLeft size={18} aria-hidden />
        </ActionIcon>
        <Text fw={600} aria-live="polite" id="month">
          {name}
        </Text>
        <ActionIcon
          variant="default"
          size="lg"
          aria-label={t("calendar.next")}
          onClick={() => show(addMonths(month, 1))}
        >
          <IconChevronRight size={18} aria-hidden />
        </ActionIcon>
      </Group>
      <table ref={table} className={classes.calendar} aria-labelledby="month" onKeyDown={press}>
        <thead>
          <tr>
            {weekOf("2024-01-01").map((day) => (
              <th key={day} scope="col" abbr={dayText(day, i18n.language, { weekday: "long" })}>
                {dayText(day, i18n.language, { weekday: "short" })}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((monday) => (
            <WeekRow
              key={monday}
              search={search}
              monday={monday}
              from={first}
              entry={entry}
              chosen={chosen}
              choose={choose}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The weeks of a month without past ones; at the end of a month those of the next month follow. */
function weeksFrom(month: string, today: string): string[] {
  const weeks = weeksOf(month).filter((monday) => addDays(monday, 6) >= today);
  while (weeks.length < FEWEST_WEEKS) weeks.push(addDays(weeks.at(-1) ?? mondayOf(today), 7));
  return weeks;
}
