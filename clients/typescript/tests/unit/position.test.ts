import { expect, test } from "vitest";
import { Position } from "../../src/position.js";

const event = (seq: number, id: string, version: number, kind = "appointment.booked") => ({
  id: `e:${seq}`,
  event: kind,
  data: JSON.stringify({ seq, kind, entity_id: id, version }),
});

test("what came already is dropped", () => {
  const position = new Position("e:1");
  expect(position.take(event(2, "a", 1)).map((item) => item.type)).toEqual(["event"]);
  expect(position.take(event(2, "a", 1))).toEqual([]);
  expect(position.take(event(1, "a", 1))).toEqual([]);
});
