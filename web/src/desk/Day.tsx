import type { Clinic } from "@chairtime/client";
import { useAppointments } from "@chairtime/client/react";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { HeaderSlot } from "../app/shell/HeaderSlot";
import { ErrorMessage } from "../shared/ErrorMessage";
import { formatLocale } from "../shared/locale";
import { BlockTime } from "./block/BlockTime";
import { Board } from "./board/Board";
import type { Picked } from "./board/BoardContext";
import { BoardSkeleton } from "./board/BoardSkeleton";
import { useColumns } from "./board/useColumns";
import type { Ghost } from "./board/useDrag";
import { useTypes } from "./board/useTypes";
import { NewBooking } from "./booking/NewBooking";
import { DayNavigation } from "./DayNavigation";
import classes from "./Desk.module.css";
import { MoveRefused } from "./move/MoveRefused";
import { useMoving } from "./move/useMoving";
import { BookingPanel } from "./panel/BookingPanel";
import { ON_BOARD } from "./status";
import { instantOf, showDate } from "./time/zone";
import { TodoList } from "./todo/TodoList";
import { useDeskPlace } from "./useDeskPlace";
import { Week } from "./week/Week";

/** The board of a day, what is to do at its left, and the open booking at its right. */
export function Day({ clinic }: { clinic: Clinic }) {
  const { t, i18n } = useTranslation("desk");
  const zone = clinic.time_zone;
  const place = useDeskPlace(zone);
  const { date, columns: by, booking, go } = place;
  const filter = useMemo(
    () => ({
      clinicId: clinic.id,
      status: ON_BOARD,
      from: instantOf(date, 0, zone),
      to: instantOf(date, 24 * 60, zone),
    }),
    [clinic.id, date, zone],
  );
  const bookings = useAppointments(filter, { max: 1000 });
  const columns = useColumns(clinic.id, by);
  const { list: types, terms } = useTypes(clinic.id);
  const [picked, setPicked] = useState<Picked | null>(null);
  const [blocking, setBlocking] = useState<Picked | null>(null);
  const moving = useMoving(zone);
  const open = useCallback((id: string) => go({ booking: id }), [go]);
  const drop = useCallback(
    ({ appointment, column, minute }: Ghost) => {
      const startsAt = instantOf(date, minute, zone);
      const dentistId = by === "dentists" ? column : appointment.dentist_id;
      void moving.move(appointment, { startsAt, dentistId });
    },
    [date, zone, by, moving.move],
  );
  const error = bookings.error ?? columns.error;
  const failed = error && !(bookings.data && columns.columns.length > 0);
  return (
    <div className={classes.desk} data-panel={booking ? true : undefined}>
      <HeaderSlot>
        <DayNavigation place={place} />
      </HeaderSlot>
      <h1 className={classes.heading}>
        {t("pages.day")}: {clinic.name},{" "}
        {showDate(date, formatLocale(i18n.language), { dateStyle: "full" })}
      </h1>
      <aside className={`${classes.side} no-print`}>
        <TodoList
          clinic={clinic}
          dentists={columns.dentists}
          today={place.today}
          onOpen={open}
          onGo={(day) => go({ date: day })}
        />
      </aside>
      <div className={classes.board}>
        {failed ? (
          <ErrorMessage error={error} retry={() => [bookings.refetch(), columns.retry()]} />
        ) : !bookings.data || columns.isPending ? (
          <BoardSkeleton />
        ) : place.view === "week" ? (
          <Week
            clinic={clinic}
            date={date}
            today={place.today}
            dentists={columns.dentists}
            onOpen={open}
            onDay={(day) => go({ date: day, view: null })}
          />
        ) : (
          <Board
            clinic={clinic}
            date={date}
            by={by}
            columns={columns}
            terms={terms}
            items={bookings.data.items}
            onOpen={open}
            onPick={setPicked}
            onMove={drop}
            picked={picked}
            form={
              picked && (
                <NewBooking
                  key={`${picked.column} ${picked.minute}`}
                  clinic={clinic}
                  date={date}
                  picked={picked}
                  dentists={columns.dentists}
                  types={types}
                  onBlock={
                    picked.dentistId
                      ? () => {
                          setBlocking(picked);
                          setPicked(null);
                        }
                      : undefined
                  }
                  onClose={() => setPicked(null)}
                />
              )
            }
          />
        )}
      </div>
      {booking && (
        <BookingPanel
          key={booking}
          id={booking}
          zone={zone}
          dentists={columns.dentists}
          types={terms.types}
          moving={moving}
          onClose={() => go({ booking: null })}
        />
      )}
      {blocking?.dentistId && (
        <BlockTime
          dentistId={blocking.dentistId}
          date={date}
          minute={blocking.minute}
          zone={zone}
          onClose={() => setBlocking(null)}
        />
      )}
      {moving.refused && (
        <MoveRefused
          moving={moving}
          refused={moving.refused}
          zone={zone}
          dentists={columns.dentists}
        />
      )}
    </div>
  );
}
