import { describe, expect, test } from "vitest";
import { dayOf, minutesOf, offset, startOf } from "../src/shared/days";

const MINUTE = 60_000;

/** A change of the clocks: its instant, and the minutes ahead of UTC before and after it. */
const CHANGES = [
  ["Europe/Berlin", "2026-03-29T01:00:00Z", 60, 120],
  ["Europe/Berlin", "2026-10-25T01:00:00Z", 120, 60],
  ["America/New_York", "2026-11-01T06:00:00Z", -240, -300],
  ["America/St_Johns", "2026-03-08T05:30:00Z", -210, -150],
  ["Australia/Adelaide", "2026-04-04T16:30:00Z", 630, 570],
  ["Australia/Lord_Howe", "2026-04-04T15:00:00Z", 660, 630],
  ["Pacific/Chatham", "2026-09-26T14:00:00Z", 765, 825],
] as const;

describe("the offset of a zone", () => {
  test.each(CHANGES)("%s changes at %s, to the millisecond", (zone, at, before, after) => {
    const instant = Date.parse(at);
    for (let round = 0; round < 2; round++) {
      expect(offset(instant - 1, zone)).toBe(before * MINUTE);
      expect(offset(instant, zone)).toBe(after * MINUTE);
      expect(offset(instant + 14 * MINUTE, zone)).toBe(after * MINUTE);
    }
  });

  test("is that of each zone, also while many are remembered", () => {
    const first = Date.parse("2026-01-01T00:07:00Z");
    for (const zone of Intl.supportedValuesOf("timeZone")) {
      for (let day = 0; day < 365; day += 13) {
        const instant = first + day * 86_400_000 + day * 900_000;
        expect(`${zone} ${offset(instant, zone)}`).toBe(`${zone} ${told(instant, zone)}`);
      }
    }
  });
});

test("a day begins, and minutes count, in zones that are no full hours ahead", () => {
  expect(startOf("2026-11-30", "Asia/Kathmandu")).toBe("2026-11-29T18:15:00.000Z");
  expect(startOf("2026-11-30", "Asia/Kolkata")).toBe("2026-11-29T18:30:00.000Z");
  expect(minutesOf("2026-11-29T18:15:00Z", "Asia/Kathmandu")).toBe(0);
  expect(dayOf("2026-11-29T18:14:59Z", "Asia/Kathmandu")).toBe("2026-11-29");
  expect(dayOf("2026-11-29T18:15:00Z", "Asia/Kathmandu")).toBe("2026-11-30");
});

const formats = new Map<string, Intl.DateTimeFormat>();

/** The offset as the platform writes it, as `GMT+05:45`. */
function told(instant: number, zone: string): number {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  formats.set(zone, format);
  const name = format.formatToParts(instant).find(({ type }) => type === "timeZoneName")?.value;
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name ?? "") ?? [];
  const ahead = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return ahead === 0 ? 0 : (sign === "-" ? -ahead : ahead) * MINUTE;
}
