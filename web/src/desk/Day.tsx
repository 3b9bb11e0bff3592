import type { Clinic } from "@chairtime/client";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { HeaderSlot } from "../app/shell/HeaderSlot";
import { ErrorMessage } from "../shared/ErrorMessage";
import { formatLocale } from "../shared/locale";
import { BoardSkeleton } from "./board/BoardSkeleton";
import { useColumns } from "./board/useColumns";
import { useTypes } from "./board/useTypes";
import { DayBoard } from "./DayBoard";
import { DayNavigation } from "./DayNavigation";
import classes from "./Desk.module.css";
import { MoveRefused } from "./move/MoveRefused";
import { useMoving } from "./move/useMoving";
import { BookingPanel } from "./panel/BookingPanel";
import { localOf, showDate } from "./time/zone";
import { TodoList } from "./todo/TodoList";
import { useDeskPlace } from "./useDeskPlace";
import { usePicked } from "./usePicked";
import { Week } from "./week/Week";

/** The board of a day, what is to do at its left, and the open booking at its right. */
export function Day({ clinic }: { clinic: Clinic }) {
  const { t, i18n } = useTranslation("desk");
  const zone = clinic.time_zone;
  const place = useDeskPlace(zone);
  const { date, columns: by, booking, go } = place;
  const all = useColumns(clinic.id, by);
  const only = all.dentists.find((each) => each.id === place.dentist);
  const columns = useMemo(
    () =>
      only && by === "dentists"
        ? { ...all, columns: all.columns.filter((each) => each.id === only.id) }
        : all,
    [all, only, by],
  );
  const { list: types, terms } = useTypes(clinic.id);
  const [picked, setPicked] = usePicked(place);
  const moving = useMoving(zone);
  const open = useCallback((id: string) => go({ booking: id }), [go]);

  function pickFree(dentistId: string, at: string) {
    const { date: day, minute } = localOf(at, zone);
    go({ date: day, view: null, columns: null, dentist: null, booking: null });
    setPicked({ date: day, column: dentistId, dentistId, minute, freeNext: true });
  }

  return (
    <div className={classes.desk} data-panel={booking ? true : undefined}>
      <HeaderSlot>
        <DayNavigation place={place} />
      </HeaderSlot>
      <h1 className={classes.heading}>
        {t(`pages.${place.view}`)}: {clinic.name},{" "}
        {showDate(date, formatLocale(i18n.language), { dateStyle: "full" })}
      </h1>
      <aside className={`${classes.side} no-print`}>
        <TodoList
          clinic={clinic}
          dentists={all.dentists}
          today={place.today}
          onOpen={open}
          onPick={pickFree}
        />
      </aside>
      <div className={classes.board}>
        {all.error && all.columns.length === 0 ? (
          <ErrorMessage error={all.error} retry={all.retry} />
        ) : all.isPending ? (
          <BoardSkeleton />
        ) : place.view === "week" ? (
          <Week
            clinic={clinic}
            date={date}
            today={place.today}
            dentists={only ? [only] : all.dentists}
            onOpen={open}
            onDay={(day) => go({ date: day, view: null })}
          />
        ) : (
          <DayBoard
            clinic={clinic}
            place={place}
            columns={columns}
            types={types}
            terms={terms}
            moving={moving}
            onOpen={open}
            picked={picked}
            onPick={setPicked}
          />
        )}
      </div>
      {booking && (
        <BookingPanel
          key={booking}
          id={booking}
          zone={zone}
          dentists={all.dentists}
          types={terms.types}
          moving={moving}
          onOpen={open}
          onClose={() => go({ booking: null })}
        />
      )}
      {moving.refused && (
        <MoveRefused moving={moving} refused={moving.refused} zone={zone} dentists={all.dentists} />
      )}
    </div>
  );
}
