import { offset } from "../../shared/days";

/** Local times of a clinic: a date, and minutes since its midnight. */
export interface Local {
  date: string;
  minute: number;
}

export const DAY = 1440;

/** The date and time that a clock in the zone shows at an instant. */
export function localOf(instant: number | string, zone: string): Local {
  const at = typeof instant === "string" ? Date.parse(instant) : instant;
  const wall = new Date(at + offset(at, zone));
  return {
    date: wall.toISOString().slice(0, 10),
    minute: wall.getUTCHours() * 60 + wall.getUTCMinutes(),
  };
}

/** The instant at which a clock in the zone shows this; minutes may lie beyond the day. */
export function instantOf(date: string, minute: number, zone: string): string {
  const wall = Date.parse(`${date}T00:00:00Z`) + minute * 60_000;
  const guess = wall - offset(wall, zone);
  return new Date(wall - offset(guess, zone)).toISOString();
}

/** 0 is Monday. */
export function weekdayOf(date: string): number {
  return (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
}

/** Minutes since midnight as `09:05`; 24:00 is the end of the day. */
export function clock(minute: number): string {
  const hours = String(Math.floor(minute / 60)).padStart(2, "0");
  return `${hours}:${String(minute % 60).padStart(2, "0")}`;
}

/** `09:05` or `09:05:00` as minutes since midnight. */
export function minuteOf(time: string): number {
  const [hours, minutes] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}

/** A date without a zone, as people write it. */
export function showDate(
  date: string,
  language: string,
  options: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short" },
): string {
  return new Date(`${date}T00:00:00Z`).toLocaleDateString(language, {
    ...options,
    timeZone: "UTC",
  });
}
