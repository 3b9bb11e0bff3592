import { IconX } from "@tabler/icons-react";
import type { PointerEvent } from "react";
import { useTranslation } from "react-i18next";
import { intervalOf, type WeeklyHours } from "../time/opening";
import { clock, DAY } from "../time/zone";
import { Handle } from "./Handle";
import classes from "./Schedules.module.css";

interface Props {
  window: WeeklyHours;
  day: string;
  grid: number;
  /** Null takes it away. */
  onChange: (next: WeeklyHours | null) => void;
}

/** A stretch of work on a day; the bar is dragged as a whole, its ends one by one. */
export function Bar({ window: hours, day, grid, onChange }: Props) {
  const { t } = useTranslation("desk");
  const { starts, ends } = intervalOf(hours.starts, hours.ends);
  const shown = Math.min(ends, DAY);
  const label = `${clock(starts)}–${clock(ends % DAY)}`;

  function set(from: number, to: number) {
    if (from < 0 || to > DAY || to - from < grid) return;
    onChange({ ...hours, starts: clock(from), ends: clock(to % DAY) });
  }

  function drag(event: PointerEvent<HTMLElement>) {
    if (event.target !== event.currentTarget) return;
    const track = event.currentTarget.parentElement;
    if (!track) return;
    const width = track.getBoundingClientRect().width;
    const first = event.clientX;
    const bar = event.currentTarget;
    bar.setPointerCapture(event.pointerId);
    const move = (each: globalThis.PointerEvent) => {
      const by = Math.round((((each.clientX - first) / width) * DAY) / grid) * grid;
      set(starts + by, ends + by);
    };
    const end = () => {
      bar.removeEventListener("pointermove", move);
      bar.removeEventListener("pointerup", end);
    };
    bar.addEventListener("pointermove", move);
    bar.addEventListener("pointerup", end);
  }

  return (
    <div
      className={classes.bar}
      title={`${day}, ${label}`}
      data-bar={label}
      style={{
        insetInlineStart: `${(starts / DAY) * 100}%`,
        inlineSize: `${((shown - starts) / DAY) * 100}%`,
      }}
      onPointerDown={drag}
    >
      <Handle
        label={t("schedule.starts", { day })}
        value={starts}
        min={0}
        max={shown - grid}
        grid={grid}
        onChange={(value) => set(value, ends)}
      />
      <span className={classes.times}>{label}</span>
      <button
        type="button"
        className={classes.remove}
        aria-label={t("schedule.remove", { day, label })}
        onClick={() => onChange(null)}
      >
        <IconX size={14} aria-hidden />
      </button>
      <Handle
        label={t("schedule.ends", { day })}
        value={shown}
        min={starts + grid}
        max={DAY}
        grid={grid}
        onChange={(value) => set(starts, value)}
      />
    </div>
  );
}
