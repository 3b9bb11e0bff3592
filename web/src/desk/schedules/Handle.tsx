import type { KeyboardEvent, PointerEvent } from "react";
import { clock, DAY } from "../time/zone";
import classes from "./Schedules.module.css";

interface Props {
  label: string;
  value: number;
  min: number;
  max: number;
  grid: number;
  onChange: (value: number) => void;
}

/** One end of a bar: dragged, or moved by the arrow keys, with Shift by an hour. */
export function Handle({ label, value, min, max, grid, onChange }: Props) {
  const set = (next: number) => onChange(Math.min(max, Math.max(min, next)));

  function press(event: KeyboardEvent) {
    const step = event.shiftKey ? 60 : grid;
    if (event.key === "ArrowRight" || event.key === "ArrowUp") set(value + step);
    else if (event.key === "ArrowLeft" || event.key === "ArrowDown") set(value - step);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function drag(event: PointerEvent<HTMLElement>) {
    const track = event.currentTarget.closest<HTMLElement>("[data-weekday] > div");
    if (!track) return;
    event.stopPropagation();
    const handle = event.currentTarget;
    const { left, width } = track.getBoundingClientRect();
    handle.setPointerCapture(event.pointerId);
    const move = (each: globalThis.PointerEvent) =>
      set(Math.round((((each.clientX - left) / width) * DAY) / grid) * grid);
    const end = () => {
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", end);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end);
  }

  return (
    <div
      role="slider"
      tabIndex={0}
      className={classes.handle}
      aria-label={label}
      aria-valuemin={min}
      aria-valuemax={max}
      aria-valuenow={value}
      aria-valuetext={clock(value)}
      onKeyDown={press}
      onPointerDown={drag}
    />
  );
}
