import { dateFormat, formatLocale } from "./locale";

/** Calendar days as `2027-03-08`, and how they lie in a clinic's zone. */

const DAY_MS = 86_400_000;

/** The day on which an instant lies in a zone. */
export function dayOf(instant: string | number | Date, zone: string): string {
  return dateFormat("en-CA", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    timeZone: zone,
  }).format(new Date(instant));
}

/** Whether a text is a day of the calendar that the pages can show. */
export function isDay(text: string): boolean {
  const at = /^[12]\d{3}-\d{2}-\d{2}$/.test(text) ? noon(text).getTime() : Number.NaN;
  return !Number.isNaN(at) && new Date(at).toISOString().slice(0, 10) === text;
}

export function addDays(day: string, days: number): string {
  return new Date(noon(day).getTime() + days * DAY_MS).toISOString().slice(0, 10);
}

export function addMonths(day: string, months: number): string {
  const [year = 0, month = 1] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

export function firstOfMonth(day: string): string {
  return `${day.slice(0, 7)}-01`;
}

/** The Monday of the week of a day. */
export function mondayOf(day: string): string {
  return addDays(day, -((noon(day).getUTCDay() + 6) % 7));
}

/** The seven days from a Monday on. */
export function weekOf(monday: string): string[] {
  return Array.from({ length: 7 }, (_, index) => addDays(monday, index));
}

/** The Mondays of all weeks that have days of the month. */
export function weeksOf(month: string): string[] {
  const next = addMonths(month, 1);
  const weeks: string[] = [];
  for (let monday = mondayOf(month); monday < next; monday = addDays(monday, 7)) {
    weeks.push(monday);
  }
  return weeks;
}

/** The instant at which a day begins in a zone. */
export function startOf(day: string, zone: string): string {
  const wanted = Date.parse(`${day}T00:00:00Z`);
  let instant = wanted - offset(wanted, zone);
  instant = wanted - offset(instant, zone);
  return new Date(instant).toISOString();
}

/** A day in words, as `Mon 30 Nov`. */
export function dayText(
  day: string,
  language: string,
  format: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short" },
): string {
  return dateFormat(formatLocale(language), { ...format, timeZone: "UTC" }).format(noon(day));
}

/** The months in which two days lie, as `November – December 2026`. */
export function monthsText(first: string, last: string, language: string): string {
  return dateFormat(formatLocale(language), {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  }).formatRange(noon(first), noon(last));
}

export function timeText(instant: string | number | Date, zone: string, language: string): string {
  const format = dateFormat(formatLocale(language), { timeStyle: "short", timeZone: zone });
  return format.format(new Date(instant));
}

/** The name of the place that a zone is named by, as `Berlin`. */
export function cityOf(zone: string): string {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

/** The minutes since midnight of an instant in a zone. */
export function minutesOf(instant: string, zone: string): number {
  const at = Date.parse(instant);
  return Math.floor((((at + offset(at, zone)) % DAY_MS) + DAY_MS) % DAY_MS) / 60_000;
}

const offsets = new Map<string, number>();

/** Zones change their offset at full quarters of an hour only. */
const QUARTER = 900_000;
const REMEMBERED = 5000;

/** By how many milliseconds a zone is ahead of UTC at an instant. Boards ask for each booking. */
export function offset(instant: number, zone: string): number {
  const quarter = Math.floor(instant / QUARTER);
  const key = `${zone} ${quarter}`;
  let found = offsets.get(key);
  if (found === undefined) {
    if (offsets.size >= REMEMBERED) offsets.clear();
    found = computeOffset(quarter * QUARTER, zone);
    offsets.set(key, found);
  }
  return found;
}

function computeOffset(instant: number, zone: string): number {
  const format = dateFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
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

function noon(day: string): Date {
  return new Date(`${day}T12:00:00Z`);
}
