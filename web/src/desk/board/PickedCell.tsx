import { type ReactNode, useEffect, useRef } from "react";
import classes from "./Board.module.css";

/** The cell that was chosen, scrolled into view, with its form beside it. */
export function PickedCell({ top, children }: { top: number; children: ReactNode }) {
  const cell = useRef<HTMLDivElement>(null);
  useEffect(() => {
    cell.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, []);
  return (
    <div ref={cell} className={classes.anchor} style={{ insetBlockStart: top }}>
      {children}
    </div>
  );
}
