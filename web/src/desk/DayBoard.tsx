import type { AppointmentType, Clinic } from "@chairtime/client";
import { useAppointments } from "@chairtime/client/react";
import { useCallback, useMemo, useState } from "react";
import { ErrorMessage } from "../shared/ErrorMessage";
import { BlockTime } from "./block/BlockTime";
import { Board } from "./board/Board";
import type { Picked } from "./board/BoardContext";
import { BoardSkeleton } from "./board/BoardSkeleton";
import type { Columns } from "./board/useColumns";
import type { Ghost } from "./board/useDrag";
import type { Terms } from "./board/useTypes";
import { NewBooking } from "./booking/NewBooking";
import type { Moving } from "./move/useMoving";
import { ON_BOARD } from "./status";
import { instantOf } from "./time/zone";
import type { DeskPlace } from "./useDeskPlace";

interface Props {
  clinic: Clinic;
  place: DeskPlace;
  columns: Columns;
  types: readonly AppointmentType[];
  terms: Terms;
  moving: Moving;
  onOpen: (id: string) => void;
  /** The free time that was chosen, on whatever day. */
  picked: Picked | null;
  onPick: (picked: Picked | null) => void;
}

/** The board of a day, with the forms that book or block a chosen time. */
export function DayBoard(props: Props) {
  const { clinic, place, columns, types, terms, moving, onOpen, picked, onPick } = props;
  const zone = clinic.time_zone;
  const { date, columns: by, go } = place;
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
  const [blocking, setBlocking] = useState<Picked | null>(null);
  const drop = useCallback(
    ({ appointment, column, minute }: Ghost) => {
      const startsAt = instantOf(date, minute, zone);
      const dentistId = by === "dentists" ? column : appointment.dentist_id;
      void moving.move(appointment, { startsAt, dentistId });
    },
    [date, zone, by, moving.move],
  );
  const showOnly = useCallback((dentist: string | null) => go({ dentist }), [go]);
  if (bookings.error && !bookings.data)
    return <ErrorMessage error={bookings.error} retry={bookings.refetch} />;
  if (!bookings.data) return <BoardSkeleton />;
  const chosen = picked?.date === date ? picked : null;

  function closeForm() {
    onPick(null);
    const column = CSS.escape(chosen?.column ?? "");
    requestAnimationFrame(() =>
      document
        .querySelector<HTMLElement>(`[role=slider][data-column="${column}"]`)
        ?.focus({ preventScroll: true }),
    );
  }

  return (
    <>
      <Board
        clinic={clinic}
        date={date}
        by={by}
        columns={columns}
        terms={terms}
        items={bookings.data.items}
        only={place.dentist}
        onOnly={showOnly}
        onOpen={onOpen}
        onPick={onPick}
        onMove={drop}
        picked={chosen}
        form={
          chosen && (
            <NewBooking
              key={`${chosen.column} ${chosen.minute}`}
              clinic={clinic}
              date={date}
              picked={chosen}
              dentists={columns.dentists}
              types={types}
              bookings={bookings.data.items}
              onBlock={
                chosen.dentistId
                  ? () => {
                      setBlocking(chosen);
                      onPick(null);
                    }
                  : undefined
              }
              onClose={closeForm}
            />
          )
        }
      />
      {blocking?.dentistId && (
        <BlockTime
          dentistId={blocking.dentistId}
          date={blocking.date}
          minute={blocking.minute}
          zone={zone}
          onClose={() => setBlocking(null)}
        />
      )}
    </>
  );
}
