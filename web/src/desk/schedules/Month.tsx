import { useTranslation } from "react-i18next";
import { addDays, mondayOf } from "../../shared/days";
import { formatLocale } from "../../shared/locale";
import type { DateException } from "../time/opening";
import { showDate, weekdayOf } from "../time/zone";
import classes from "./Schedules.module.css";

interface Props {
  /** Its first day. */
  month: string;
  today: string;
  chosen: string | null;
  exceptions: readonly DateException[];
  onChoose: (date: string) => void;
}

/** A month in weeks; days that differ say how. */
export function Month({ month, today, chosen, exceptions, onChoose }: Props) {
  const { t, i18n } = useTranslation("desk");
  const first = mondayOf(month);
  const last = addDays(addMonths(month, 1), -1);
  const weeks = Math.ceil((Number(last.slice(8)) + weekdayOf(month)) / 7);
  const week = Array.from({ length: 7 }, (_, day) => addDays(first, day));
  return (
    <table className={classes.month}>
      <thead>
        <tr>
          {week.map((day) => (
            <th key={day} scope="col">
              {showDate(day, formatLocale(i18n.language), { weekday: "short" })}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: weeks }, (_, index) => addDays(first, index * 7)).map((start) => (
          <tr key={start}>
            {week.map((_, offset) => {
              const day = addDays(start, offset);
              if (day.slice(0, 7) !== month.slice(0, 7)) return <td key={day} />;
              const kinds = exceptions.filter((each) => each.on_date === day);
              return (
                <td key={day}>
                  <button
                    type="button"
                    data-today={day === today || undefined}
                    data-kind={kinds[0]?.kind}
                    aria-pressed={day === chosen}
                    aria-label={[
                      showDate(day, formatLocale(i18n.language), { dateStyle: "full" }),
                      ...kinds.map((each) => t(`schedule.kind.${each.kind}`)),
                    ].join(", ")}
                    onClick={() => onChoose(day)}
                  >
                    {Number(day.slice(8))}
                    {kinds[0] && <small>{t(`schedule.kind.${kinds[0].kind}`)}</small>}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The first day of the month so many months later. */
export function addMonths(month: string, by: number): string {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year ?? 0, (number ?? 1) - 1 + by, 1)).toISOString().slice(0, 10);
}
