import { expect, test } from "vitest";
import { ServerClock } from "../../src/clock.js";
import { backOff } from "../../src/following.js";

test("pauses grow, are never shorter than the server asks, and end at five seconds and jitter", () => {
  for (const retry of [100, 1000, 2000, 30_000]) {
    for (let failures = 0; failures < 100; failures += 1) {
      const [least, most] = [backOff(retry, failures, () => 0), backOff(retry, failures, () => 1)];
      expect(least).toBeGreaterThanOrEqual(retry);
      expect(most).toBeLessThanOrEqual(1.5 * Math.max(retry, 5_000));
      expect(most).toBeGreaterThan(least);
      expect(least).toBeGreaterThanOrEqual(backOff(retry, failures - 1, () => 0));
    }
  }
});

test("the server's clock counts, however wrong the local one is", () => {
  for (const wrong of [-86_400_000, 0, 3_600_000]) {
    let local = Date.parse("2027-03-01T10:00:00Z") + wrong;
    const clock = new ServerClock(() => local);
    clock.observe("2027-03-01T10:00:00Z");
    local += 250;
    clock.observe("2027-03-01T10:00:00.050Z"); // was on its way for 200 ms
    expect(clock.now()).toBe(Date.parse("2027-03-01T10:00:00.250Z"));
    expect(clock.secondsUntil("2027-03-01T10:05:00Z")).toBeCloseTo(299.75);
    expect(clock.secondsUntil("2027-03-01T09:00:00Z")).toBe(0);
  }
});

test("without an instant there is nothing to count, and nonsense is not observed", () => {
  const clock = new ServerClock(() => 0);
  clock.observe(null);
  clock.observe("soon");
  expect(clock.now()).toBe(0);
  expect(clock.secondsUntil(null)).toBeNull();
});
