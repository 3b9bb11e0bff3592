import { clock } from "../time/zone";
import classes from "./Board.module.css";
import { SCALE, useBoard } from "./BoardContext";

/** The hours at the board's edge, which stay in sight. */
export function TimeAxis() {
  const { from, to } = useBoard();
  const hours = Array.from(
    { length: Math.ceil((to - from) / 60) },
    (_, index) => from + index * 60,
  );
  return (
    <div className={classes.axis} style={{ blockSize: (to - from) * SCALE }} aria-hidden>
      {hours.map((minute) => (
        <span key={minute} style={{ insetBlockStart: (minute - from) * SCALE }}>
          {clock(minute)}
        </span>
      ))}
    </div>
  );
}
