import type { Slot } from "@chairtime/client";
import { useAvailability } from "@chairtime/client/react";
import { UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { dayOf, dayText, weekOf } from "../../shared/days";
import classes from "./Book.module.css";
import type { Search } from "./search";

interface Props {
  search: Search;
  monday: string;
  /** The first day that is shown. */
  from: string;
  /** The day that the Tab key reaches. */
  entry: string;
  chosen: string | null;
  choose: (day: string) => void;
}

/** A week of the calendar. It loads its own days, so that an event loads one week again. */
export function WeekRow({ search, monday, from, entry, chosen, choose }: Props) {
  const { t, i18n } = useTranslation("patient");
  const { data } = useAvailability({ ...search, date: monday, days: 7 });
  const free = data && countByDay(data.slots);

  return (
    <tr>
      {weekOf(monday).map((day) => {
        if (day < from) return <td key={day} />;
        const count = free?.get(day) ?? 0;
        const isLoading = data === undefined;
        const isEmpty = !isLoading && count === 0;
        const date = dayText(day, i18n.language, {
          weekday: "long",
          day: "numeric",
          month: "long",
        });
        const number = Number(day.slice(8));
        const month = number === 1 && dayText(day, i18n.language, { month: "short" });
        const label = month ? `${number} ${month}, ${date}` : date;
        const told = isLoading ? t("calendar.loading") : t("calendar.free", { count });
        return (
          <td key={day}>
            <UnstyledButton
              className={classes.day}
              data-day={day}
              data-free={count > 0 || undefined}
              data-empty={isEmpty || undefined}
              data-loading={isLoading || undefined}
              aria-label={`${label}, ${told}`}
              aria-pressed={day === chosen}
              aria-disabled={isEmpty || undefined}
              tabIndex={day === entry ? 0 : -1}
              onClick={() => choose(day)}
            >
              {number} {month && <small className={classes.month}>{month}</small>}
            </UnstyledButton>
          </td>
        );
      })}
    </tr>
  );
}

function countByDay(slots: readonly Slot[]): Map<string, number> {
  const starts = new Map<string, Set<string>>();
  for (const slot of slots) {
    if (slot.state !== "free") continue;
    const day = dayOf(slot.starts_at, slot.time_zone);
    starts.set(day, (starts.get(day) ?? new Set()).add(slot.starts_at));
  }
  return new Map([...starts].map(([day, of]) => [day, of.size]));
}
