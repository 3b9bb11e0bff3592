import type { Appointment } from "@chairtime/client";
import { memo, type ReactNode } from "react";
import type { Interval } from "../time/opening";
import classes from "./Board.module.css";
import { SCALE, useBoard } from "./BoardContext";
import { Card } from "./Card";
import { FreeTime } from "./FreeTime";
import { inLanes } from "./lanes";
import { useLeaving } from "./useLeaving";

interface Props {
  id: string;
  label: string;
  dentistId: string | null;
  items: readonly Appointment[];
  open: readonly Interval[] | undefined;
  /** The form beside a chosen cell. */
  children?: ReactNode;
}

/** The day of one dentist or chair. It renders again only when one of its bookings changes. */
export const Column = memo(
  function Column({ id, label, dentistId, items, open, children }: Props) {
    const { date, from, to } = useBoard();
    const leaving = useLeaving(items, date);
    return (
      <section
        className={classes.column}
        aria-label={label}
        data-column={id}
        style={{ blockSize: (to - from) * SCALE }}
      >
        {open?.map(({ starts, ends }) => (
          <div
            key={starts}
            className={classes.open}
            style={{
              insetBlockStart: (Math.max(starts, from) - from) * SCALE,
              blockSize: Math.max(0, Math.min(ends, to) - Math.max(starts, from)) * SCALE,
            }}
          />
        ))}
        <FreeTime
          column={id}
          dentistId={dentistId}
          label={label}
          first={open?.[0]?.starts ?? from}
        />
        <ol className={classes.cards}>
          {inLanes(items).map(({ appointment, lane, lanes }) => (
            <Card key={appointment.id} appointment={appointment} lane={lane} lanes={lanes} />
          ))}
          {leaving.map((appointment) => (
            <Card
              key={`gone ${appointment.id}`}
              appointment={appointment}
              lane={0}
              lanes={1}
              leaving
            />
          ))}
        </ol>
        {children}
      </section>
    );
  },
  (one, other) =>
    one.id === other.id &&
    one.label === other.label &&
    one.open === other.open &&
    one.children === other.children &&
    one.items.length === other.items.length &&
    one.items.every((item, index) => item === other.items[index]),
);
