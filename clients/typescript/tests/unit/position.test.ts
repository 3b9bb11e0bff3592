import { expect, test } from "vitest";
import { type Frame, isAfterOrAt, Position } from "../../src/position.js";

const frame = (event: string, id: string, data: object = {}): Frame => ({
  event,
  id,
  data: JSON.stringify(data),
});

const event = (
  seq: number,
  entity_id: string,
  version: number | null,
  kind = "appointment.edited",
) => frame(kind, `e:${seq}`, { seq, kind, entity_id, version });

const types = (position: Position, ...frames: Frame[]) =>
  frames.flatMap((it) => position.take(it)).map((item) => item.type);

test("an event that came already is dropped", () => {
  const position = new Position("e:1");
  expect(types(position, event(2, "a", 1), event(2, "a", 1), event(1, "a", 1))).toEqual(["event"]);
});

test("a connection that begins elsewhere is a gap", () => {
  const position = new Position("e:5");
  expect(types(position, frame("ready", "e:5"))).toEqual(["ready"]);
  const [reset] = position.take(frame("ready", "e:9"));
  expect(reset).toEqual({ type: "reset", cursor: "e:9", reason: "gap" });
});

test("a missing version of a booking is a gap, but not of slots or of other bookings", () => {
  const position = new Position("e:0");
  const slots = [event(2, "d", null, "slot.held"), event(9, "d", null, "slot.free")];
  expect(types(position, event(1, "a", 1), ...slots, event(10, "b", 7), event(11, "a", 2))).toEqual(
    Array(5).fill("event"),
  );
  expect(types(position, event(12, "a", 4))).toEqual(["reset", "event"]);
});

test("after it was removed from sight a booking may come back at any version", () => {
  const position = new Position("e:0");
  const removed = event(2, "a", 2, "appointment.removed");
  expect(types(position, event(1, "a", 1), removed, event(5, "a", 6))).toEqual(
    Array(3).fill("event"),
  );
});

test("the server's reset moves the position, also to another epoch", () => {
  const position = new Position("e:50");
  const reset = frame("reset", "f:3", { reason: "epoch" });
  expect(position.take(reset)).toEqual([{ type: "reset", cursor: "f:3", reason: "epoch" }]);
  expect(types(position, frame("ready", "f:3"))).toEqual(["ready"]);
});

test("with another role everything is to be loaded again", () => {
  const position = new Position("e:1");
  expect(types(position, frame("revoked", "e:1"), frame("ready", "e:1"))).toEqual([
    "reset",
    "ready",
  ]);
});

test.each(["bye", "expired", "lagged"])("after %s a connection goes on where it was", (ending) => {
  const position = new Position("e:1");
  expect(types(position, frame(ending, "e:1"))).toEqual([]);
  expect(position.ending).toBe(ending);
  expect(types(position, frame("ready", "e:1"), event(2, "a", 1))).toEqual(["ready", "event"]);
});

test("kinds that are not known yet and frames without data are no items", () => {
  expect(types(new Position(null), frame("news", "e:2"), { event: "", id: "", data: "" })).toEqual(
    [],
  );
});

test.each([
  [null, "e:1", false],
  ["e:1", "e:1", true],
  ["e:2", "e:1", true],
  ["e:9", "e:10", false],
  ["f:9", "e:1", false],
])("%s is at %s or after it: %s", (mine, other, expected) => {
  expect(isAfterOrAt(mine, other)).toBe(expected);
});
