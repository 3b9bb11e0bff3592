import type { AvailabilityQuery } from "./board.js";
import type { AppointmentFilter } from "./filter.js";

export const ROOT = "chairtime";

/** The keys of one user's queries: another user of the same browser never meets them. */
export class Keys {
  readonly all: readonly [string, string];

  constructor(userId: string | null) {
    this.all = [ROOT, userId ?? "visitor"];
  }

  appointments(filter: AppointmentFilter, max: number) {
    return [...this.all, "appointments", filter, max] as const;
  }

  appointment(id: string) {
    return [...this.all, "appointment", id] as const;
  }

  availability(query: AvailabilityQuery) {
    return [...this.all, "availability", query] as const;
  }

  get(path: string, parameters: unknown) {
    return [...this.all, "get", path, parameters] as const;
  }
}
