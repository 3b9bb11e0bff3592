import { ActionIcon } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { addDays } from "../../shared/days";
import type { WeeklyHours } from "../time/opening";
import { intervalOf } from "../time/opening";
import { clock, DAY, showDate } from "../time/zone";
import { Bar } from "./Bar";
import classes from "./Schedules.module.css";

interface Props {
  weekly: readonly WeeklyHours[];
  grid: number;
  onChange: (weekly: readonly WeeklyHours[]) => void;
}

const MONDAY = "2024-01-01";
const HOURS = [0, 3, 6, 9, 12, 15, 18, 21];

/** A row for each day of the week; each stretch of work is a bar whose ends can be moved. */
export function WeeklyBars({ weekly, grid, onChange }: Props) {
  const { t, i18n } = useTranslation("desk");

  function replace(old: WeeklyHours, next: WeeklyHours | null) {
    onChange(weekly.flatMap((each) => (each !== old ? [each] : next ? [next] : [])));
  }

  function add(weekday: number) {
    const ends = weekly
      .filter((each) => each.weekday === weekday)
      .map((each) => intervalOf(each.starts, each.ends).ends);
    const start = Math.min(Math.max(480, ...ends.map((end) => end + 60)), DAY - 240);
    onChange([...weekly, { weekday, starts: clock(start), ends: clock(start + 180) }]);
  }

  return (
    <div className={classes.week}>
      <div className={classes.scale} aria-hidden>
        {HOURS.map((hour) => (
          <span key={hour} style={{ insetInlineStart: `${(hour / 24) * 100}%` }}>
            {hour}
          </span>
        ))}
      </div>
      {Array.from({ length: 7 }, (_, weekday) => {
        const name = showDate(addDays(MONDAY, weekday), i18n.language, { weekday: "long" });
        return (
          <fieldset key={name} className={classes.day} aria-label={name} data-weekday={weekday}>
            <span className={classes.name}>{name}</span>
            <div className={classes.track}>
              {weekly
                .filter((each) => each.weekday === weekday)
                .map((each, index) => (
                  <Bar
                    // biome-ignore lint/suspicious/noArrayIndexKey: a bar keeps its place while its times change
                    key={index}
                    window={each}
                    day={name}
                    grid={grid}
                    onChange={(next) => replace(each, next)}
                  />
                ))}
            </div>
            <ActionIcon
              variant="default"
              aria-label={t("schedule.add", { day: name })}
              onClick={() => add(weekday)}
            >
              <IconPlus size={16} aria-hidden />
            </ActionIcon>
          </fieldset>
        );
      })}
    </div>
  );
}
