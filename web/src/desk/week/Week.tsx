import type { Appointment, Clinic, Dentist } from "@chairtime/client";
import { useAppointments } from "@chairtime/client/react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { addDays, mondayOf } from "../../shared/days";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { formatLocale } from "../../shared/locale";
import { BoardSkeleton } from "../board/BoardSkeleton";
import { ON_BOARD } from "../status";
import { instantOf, localOf, showDate } from "../time/zone";
import classes from "./Week.module.css";
import { WeekEntry } from "./WeekEntry";

interface Props {
  clinic: Clinic;
  date: string;
  today: string;
  dentists: readonly Dentist[];
  onOpen: (id: string) => void;
  onDay: (date: string) => void;
}

/** A week of a clinic: a row for each dentist, a column for each day. */
export function Week({ clinic, date, today, dentists, onOpen, onDay }: Props) {
  const { t, i18n } = useTranslation("desk");
  const zone = clinic.time_zone;
  const monday = mondayOf(date);
  const days = useMemo(
    () => Array.from({ length: 7 }, (_, index) => addDays(monday, index)),
    [monday],
  );
  const filter = useMemo(
    () => ({
      clinicId: clinic.id,
      status: ON_BOARD,
      from: instantOf(monday, 0, zone),
      to: instantOf(addDays(monday, 7), 0, zone),
    }),
    [clinic.id, monday, zone],
  );
  const { data, error, refetch } = useAppointments(filter, { max: 2000 });
  const cells = useMemo(() => {
    const found = new Map<string, Appointment[]>();
    for (const item of data?.items ?? []) {
      const key = `${item.dentist_id} ${localOf(item.starts_at, zone).date}`;
      const cell = found.get(key);
      if (cell) cell.push(item);
      else found.set(key, [item]);
    }
    return found;
  }, [data, zone]);
  if (error && !data) return <ErrorMessage error={error} retry={refetch} />;
  if (!data) return <BoardSkeleton />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard
    <section className={classes.frame} tabIndex={0} aria-label={t("nav.week")} data-board>
      <table className={classes.week}>
        <thead>
          <tr>
            <th scope="col">{t("new.dentist")}</th>
            {days.map((day) => (
              <th key={day} scope="col" data-today={day === today || undefined}>
                <button type="button" onClick={() => onDay(day)}>
                  {showDate(day, formatLocale(i18n.language))}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {dentists.map((dentist) => (
            <tr key={dentist.id}>
              <th scope="row">{dentist.full_name}</th>
              {days.map((day) => (
                <td key={day}>
                  {(cells.get(`${dentist.id} ${day}`) ?? []).map((each) => (
                    <WeekEntry key={each.id} appointment={each} zone={zone} onOpen={onOpen} />
                  ))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
