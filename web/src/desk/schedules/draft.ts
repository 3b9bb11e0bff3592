import type { Appointment } from "@chairtime/client";
import type { DateException, WeeklyHours } from "../time/opening";

/** Hours as they are edited. A clinic has exceptions only. */
export interface Draft {
  weekly: readonly WeeklyHours[];
  exceptions: readonly DateException[];
}

/** Whose hours are edited. */
export interface Owner {
  kind: "dentist" | "clinic";
  id: string;
}

/** What a change would do, or did. */
export interface Outcome {
  conflicts: readonly Appointment[];
  total: number;
}
