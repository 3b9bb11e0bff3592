import { useServerNow } from "@chairtime/client/react";
import { clock, localOf } from "../time/zone";
import classes from "./Board.module.css";
import { SCALE, useBoard } from "./BoardContext";

/** The line of the present time; none on other days. */
export function NowLine() {
  const { date, zone, from, to } = useBoard();
  const now = localOf(useServerNow(15_000), zone);
  if (now.date !== date || now.minute < from || now.minute > to) return null;
  return (
    <div
      className={classes.now}
      data-now
      aria-hidden
      style={{ insetBlockStart: (now.minute - from) * SCALE }}
    >
      <span>{clock(now.minute)}</span>
    </div>
  );
}
