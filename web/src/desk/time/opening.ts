import type { components } from "@chairtime/client";
import { addDays } from "../../shared/days";
import { DAY, minuteOf, weekdayOf } from "./zone";

export type Schedule = components["schemas"]["ShownSchedule"];
export type WeeklyHours = components["schemas"]["WeeklyHours"];
export type DateException = components["schemas"]["DateException"];

/** Minutes since midnight, [starts, ends). */
export interface Interval {
  starts: number;
  ends: number;
}

/** Hours begin and end at whole multiples of this in nearly all clinics; it is what is drawn. */
const STEP = 5;

/** When a dentist works on a date, by the order of rules in docs/api.md (Hours). */
export function openIntervals(schedule: Schedule, date: string): Interval[] {
  const own = schedule.exceptions.filter((each) => each.on_date === date);
  const clinic = schedule.clinic_exceptions.filter((each) => each.on_date === date);
  const ownHours = own.some((each) => each.kind === "hours");
  const weekly = weeklyOn(schedule, date);
  const found: Interval[] = [];
  for (let minute = 0; minute < DAY; minute += STEP) {
    if (!isOpen(minute)) continue;
    const last = found.at(-1);
    if (last?.ends === minute) last.ends = minute + STEP;
    else found.push({ starts: minute, ends: minute + STEP });
  }
  return found;

  function isOpen(minute: number): boolean {
    if (own.some((each) => each.kind === "closed" && covers(each, minute))) return false;
    if (own.some((each) => each.kind !== "closed" && covers(each, minute))) return true;
    if (clinic.some((each) => each.kind === "closed" && covers(each, minute))) return false;
    if (!ownHours && clinic.some((each) => each.kind !== "closed" && covers(each, minute)))
      return true;
    return weekly.some(({ starts, ends }) => minute >= starts && minute < ends);
  }
}

/** What the weekly hours of this date, and of the night before, leave open on it. */
function weeklyOn(schedule: Schedule, date: string): Interval[] {
  return [addDays(date, -1), date].flatMap((day, index) => {
    const exceptions = [...schedule.exceptions, ...schedule.clinic_exceptions].filter(
      (each) => each.on_date === day,
    );
    const replaced = exceptions.some((each) => each.kind === "hours" || isWholeDay(each));
    if (replaced) return [];
    const shift = index === 0 ? DAY : 0;
    return schedule.weekly
      .filter((window) => appliesOn(window, day))
      .map((window) => intervalOf(window.starts, window.ends))
      .map(({ starts, ends }) => ({ starts: starts - shift, ends: ends - shift }));
  });
}

/** An end at or before the start is on the next day. */
export function intervalOf(starts: string, ends: string): Interval {
  const [from, to] = [minuteOf(starts), minuteOf(ends)];
  return { starts: from, ends: to <= from ? to + DAY : to };
}

function appliesOn(window: WeeklyHours, day: string): boolean {
  const from = window.valid_from ?? day;
  const to = window.valid_to ?? day;
  return window.weekday === weekdayOf(day) && from <= day && day <= to;
}

function isWholeDay(each: DateException): boolean {
  return each.kind === "closed" && !each.starts && !each.ends;
}

function covers(each: DateException, minute: number): boolean {
  const starts = each.starts ? minuteOf(each.starts) : 0;
  const end = each.ends ? minuteOf(each.ends) : DAY;
  const ends = end <= starts ? end + DAY : end;
  return minute >= starts && minute < ends;
}
