/** Local times of a clinic: a date, and minutes since its midnight. */
export interface Local {
  date: string;
  minute: number;
}

export const DAY = 1440;

const formats = new Map<string, Intl.DateTimeFormat>();

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

/** The date so many days later. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** 0 is Monday. */
export function weekdayOf(date: string): number {
  return (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
}

/** The Monday of the date's week. */
export function weekOf(date: string): string {
  return addDays(date, -weekdayOf(date));
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

function offset(instant: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instant)) part[type] = Number(value);
  const wall = Date.UTC(
    part.year ?? 0,
    (part.month ?? 1) - 1,
    part.day,
    part.hour,
    part.minute,
    part.second,
  );
  return wall - Math.floor(instant / 1000) * 1000;
}
