import type { Appointment, Clinic } from "@chairtime/client";
import {
  type CSSProperties,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import type { Interval } from "../time/opening";
import { clock, DAY, localOf } from "../time/zone";
import classes from "./Board.module.css";
import { BoardProvider, type BoardShared, type Picked, SCALE } from "./BoardContext";
import { Column } from "./Column";
import { ColumnHead } from "./ColumnHead";
import { Hours } from "./Hours";
import { NowLine } from "./NowLine";
import { PickedCell } from "./PickedCell";
import { TimeAxis } from "./TimeAxis";
import { type Columns, columnOf } from "./useColumns";
import { type Ghost, useDrag } from "./useDrag";
import type { Terms } from "./useTypes";

interface Props {
  clinic: Clinic;
  date: string;
  by: "dentists" | "chairs";
  columns: Columns;
  terms: Terms;
  items: readonly Appointment[];
  onOpen: (id: string) => void;
  onPick: (picked: Picked) => void;
  onMove: (ghost: Ghost) => void;
  /** The only dentist who is shown, and the way to show one or all. */
  only: string | null;
  onOnly: (dentistId: string | null) => void;
  /** The form beside the picked cell. */
  picked: Picked | null;
  form: ReactNode;
}

const NONE: readonly Appointment[] = [];

/** The day of a clinic: a column for each dentist or chair, time running down. */
export function Board(props: Props) {
  const { clinic, date, by, columns, terms, items, picked, form } = props;
  const { only, onOnly, onOpen, onPick, onMove } = props;
  const { t } = useTranslation("desk");
  const zone = clinic.time_zone;
  const [hours, setHours] = useState<ReadonlyMap<string, readonly Interval[]>>(new Map());
  const onRead = useCallback(
    (id: string, open: readonly Interval[]) => setHours((now) => new Map(now).set(id, open)),
    [],
  );
  const [from, to] = useRange(items, hours, date, zone);
  const grid = clinic.slot_grid_minutes;
  const { ghost, drag } = useDrag({ zone, from, grid, by, onDrop: onMove });
  const everyone = columns.dentists;
  const dentists = useMemo(
    () => (by === "chairs" ? new Map(everyone.map((each) => [each.id, each.full_name])) : null),
    [by, everyone],
  );
  const shared = useMemo<BoardShared>(
    () => ({ date, zone, from, to, grid, ...terms, dentists, open: onOpen, pick: onPick, drag }),
    [date, zone, from, to, grid, terms, dentists, onOpen, onPick, drag],
  );
  const byColumn = useMemo(() => {
    const groups = new Map<string, Appointment[]>();
    for (const item of items) {
      const key = columnOf(item, by);
      groups.set(key, [...(groups.get(key) ?? []), item]);
    }
    return groups;
  }, [items, by]);
  const frame = useRef<HTMLDivElement>(null);
  useScrollToWork(frame, date, hours, picked !== null);

  return (
    <BoardProvider value={shared}>
      {columns.dentists.map((each) => (
        <Hours key={each.id} dentistId={each.id} date={date} onRead={onRead} />
      ))}
      <section
        className={classes.frame}
        ref={frame}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard
        tabIndex={0}
        aria-label={t("board.label")}
        data-board
        data-loading={everyone.some(({ id }) => !hours.has(id)) || undefined}
      >
        <div
          className={classes.board}
          style={{ "--columns": columns.columns.length, "--hour": 60 * SCALE } as CSSProperties}
        >
          <div className={classes.corner} />
          {columns.columns.map((column) => (
            <ColumnHead
              key={column.id}
              column={column}
              isOff={column.dentistId !== null && hours.get(column.dentistId)?.length === 0}
              isOnly={column.dentistId !== null && column.dentistId === only}
              onOnly={onOnly}
            />
          ))}
          <div className={classes.body}>
            <TimeAxis />
            {columns.columns.map((column) => (
              <Column
                key={column.id}
                id={column.id}
                label={column.label}
                dentistId={column.dentistId}
                items={byColumn.get(column.id) ?? NONE}
                open={(column.dentistId && hours.get(column.dentistId)) || WHOLE_DAY}
              >
                {ghost?.column === column.id && <GhostCard ghost={ghost} from={from} />}
                {picked?.column === column.id && (
                  <PickedCell top={(picked.minute - from) * SCALE}>{form}</PickedCell>
                )}
              </Column>
            ))}
            <NowLine />
          </div>
        </div>
      </section>
    </BoardProvider>
  );
}

const WHOLE_DAY: readonly Interval[] = [{ starts: 0, ends: DAY }];

function GhostCard({ ghost, from }: { ghost: Ghost; from: number }) {
  const { starts_at, ends_at, patient_name } = ghost.appointment;
  const length = (Date.parse(ends_at) - Date.parse(starts_at)) / 60_000;
  return (
    <div
      className={classes.ghost}
      data-ghost
      style={{ insetBlockStart: (ghost.minute - from) * SCALE, blockSize: length * SCALE }}
    >
      {clock(ghost.minute)} {patient_name}
    </div>
  );
}

/** Whole hours that have all bookings and working hours, 8 to 18 at least. It never shrinks on a day. */
function useRange(
  items: readonly Appointment[],
  hours: ReadonlyMap<string, readonly Interval[]>,
  date: string,
  zone: string,
): [number, number] {
  return useMemo(() => {
    let [first, last] = [8 * 60, 18 * 60];
    for (const { starts, ends } of [...hours.values()].flat()) {
      first = Math.min(first, starts);
      last = Math.max(last, ends);
    }
    for (const item of items) {
      const [start, end] = [localOf(item.starts_at, zone), localOf(item.ends_at, zone)];
      first = Math.min(first, start.date < date ? 0 : start.minute);
      last = Math.max(last, end.date > date ? DAY : end.minute);
    }
    return [Math.floor(first / 60) * 60, Math.min(DAY, Math.ceil(last / 60) * 60)];
  }, [items, hours, date, zone]);
}

/** Scrolls once to the present hour, on a day that is today, unless a time was chosen there. */
function useScrollToWork(
  frame: React.RefObject<HTMLDivElement | null>,
  date: string,
  hours: ReadonlyMap<string, readonly Interval[]>,
  isPicked: boolean,
): void {
  const done = useRef("");
  useEffect(() => {
    if (done.current === date || hours.size === 0) return;
    done.current = date;
    if (isPicked) return;
    const line = frame.current?.querySelector<HTMLElement>("[data-now]");
    if (frame.current && line) frame.current.scrollTop = line.offsetTop - 160;
  }, [frame, date, hours, isPicked]);
}
