import { type KeyboardEvent, type MouseEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { clock } from "../time/zone";
import { useBlocked } from "../useBlocked";
import classes from "./Board.module.css";
import { SCALE, useBoard } from "./BoardContext";

interface Props {
  column: string;
  dentistId: string | null;
  label: string;
  /** Where the keyboard begins. */
  first: number;
}

/** The free time of a column: a click, or the arrow keys and Enter, choose a time on the grid. */
export function FreeTime({ column, dentistId, label, first }: Props) {
  const { t } = useTranslation("desk");
  const { date, from, to, grid, pick } = useBoard();
  const blocked = useBlocked();
  const [at, setAt] = useState<number | null>(null);
  const step = Math.max(grid, 5);
  const clamp = (minute: number) => Math.min(Math.max(minute, from), to - step);
  const chosen = at ?? clamp(first);

  function minuteUnder(event: MouseEvent<HTMLElement>): number {
    const top = event.currentTarget.getBoundingClientRect().top;
    return clamp(Math.floor((event.clientY - top) / SCALE / step) * step + from);
  }

  function press(event: KeyboardEvent) {
    const moves: Record<string, number> = {
      ArrowDown: step,
      ArrowUp: -step,
      PageDown: 60,
      PageUp: -60,
    };
    const by = moves[event.key];
    if (by !== undefined) {
      event.preventDefault();
      setAt(clamp(chosen + by));
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (!blocked) pick({ date, column, dentistId, minute: chosen });
    }
  }

  return (
    <div
      role="slider"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={t("board.free", { column: label })}
      aria-valuemin={from}
      aria-valuemax={to}
      aria-valuenow={chosen}
      aria-valuetext={clock(chosen)}
      aria-disabled={blocked !== null}
      title={blocked ?? undefined}
      className={classes.free}
      data-column={column}
      onKeyDown={press}
      onFocus={() => setAt(chosen)}
      onBlur={() => setAt(null)}
      onMouseMove={(event) => setAt(minuteUnder(event))}
      onMouseLeave={() => setAt(null)}
      onClick={(event) => !blocked && pick({ date, column, dentistId, minute: minuteUnder(event) })}
    >
      {at !== null && !blocked && (
        <span
          aria-hidden
          className={classes.aim}
          style={{ insetBlockStart: (at - from) * SCALE, blockSize: Math.max(step, 15) * SCALE }}
        >
          {clock(at)}
        </span>
      )}
    </div>
  );
}
