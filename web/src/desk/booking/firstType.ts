import type { AppointmentType } from "@chairtime/client";
import type { Picked } from "../board/BoardContext";

/** A time that is free next may be free for short visits only. */
export function firstType(
  types: readonly AppointmentType[],
  picked: Picked,
): AppointmentType | undefined {
  if (!picked.freeNext) return types[0];
  const length = (type: AppointmentType) =>
    type.buffer_before_minutes + type.duration_minutes + type.buffer_after_minutes;
  return types.toSorted((one, other) => length(one) - length(other))[0];
}
