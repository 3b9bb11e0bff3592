import type { Appointment } from "@chairtime/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { localOf } from "../time/zone";
import type { DragStart } from "./BoardContext";
import { SCALE } from "./BoardContext";
import { columnOf } from "./useColumns";

/** Where a dragged booking would go. */
export interface Ghost {
  appointment: Appointment;
  column: string;
  minute: number;
}

interface Options {
  zone: string;
  from: number;
  grid: number;
  by: "dentists" | "chairs";
  onDrop: (ghost: Ghost) => void;
}

/** Pixels that a pointer moves before a press counts as a drag. */
const THRESHOLD = 6;

/** Drags cards by mouse or pen. Esc takes them back; a finger scrolls, and moves by the panel. */
export function useDrag(options: Options): { ghost: Ghost | null; drag: DragStart } {
  const [ghost, setGhost] = useState<Ghost | null>(null);
  const latest = useRef(options);
  latest.current = options;
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);

  const drag = useCallback<DragStart>((appointment, event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    const { clientX, clientY } = event;
    const card = event.currentTarget.getBoundingClientRect();
    const held = clientY - card.top;
    let now: Ghost | null = null;

    const move = (each: PointerEvent) => {
      const far = Math.hypot(each.clientX - clientX, each.clientY - clientY);
      if (now === null && far < THRESHOLD) return;
      each.preventDefault();
      const next = ghostUnder(appointment, each, held, latest.current);
      if (next === null || (now?.column === next.column && now.minute === next.minute)) return;
      now = next;
      setGhost(next);
    };
    const end = () => {
      stop.current();
      if (now === null) return;
      ignoreNextClick();
      if (differs(now, latest.current)) latest.current.onDrop(now);
    };
    const press = (each: KeyboardEvent) => {
      if (each.key === "Escape") stop.current();
    };
    stop.current = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", stop.current);
      window.removeEventListener("keydown", press);
      stop.current = () => undefined;
      setGhost(null);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", stop.current);
    window.addEventListener("keydown", press);
  }, []);
  return { ghost, drag };
}

function ghostUnder(
  appointment: Appointment,
  { clientX, clientY }: PointerEvent,
  held: number,
  { from, grid, by }: Options,
): Ghost | null {
  const column = document
    .elementsFromPoint(clientX, clientY)
    .map((each) => each.closest<HTMLElement>("section[data-column]"))
    .find((each) => each !== null);
  if (!column?.dataset.column) return null;
  const top = clientY - held - column.getBoundingClientRect().top;
  const minute = Math.round((from + top / SCALE) / grid) * grid;
  // The clinic gives a visit its chair: among chairs, a drag changes the time alone.
  const id = by === "chairs" ? columnOf(appointment, by) : column.dataset.column;
  return { appointment, column: id, minute: Math.max(0, minute) };
}

function differs({ appointment, column, minute }: Ghost, { zone, by }: Options): boolean {
  const start = localOf(appointment.starts_at, zone);
  return start.minute !== minute || column !== columnOf(appointment, by);
}

/** The release of a drag is no click on the card. */
function ignoreNextClick(): void {
  const ignore = (event: Event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  window.addEventListener("click", ignore, { capture: true, once: true });
  setTimeout(() => window.removeEventListener("click", ignore, { capture: true }), 0);
}
