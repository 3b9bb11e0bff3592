import type { Slot } from "@chairtime/client";
import { useAvailability } from "@chairtime/client/react";
import { mondayOf } from "../../shared/days";
import type { Search } from "./search";

/** The first free slot from a day on; undefined while it is searched, null where there is none. */
export function useNextFree(search: Search, from: string): Slot | null | undefined {
  const week = useAvailability({ ...search, date: mondayOf(from), days: 7 });
  const inWeek = week.data?.slots.find((slot) => slot.state === "free" && slot.starts_at >= from);
  const later = week.data?.nextAvailable ?? null;
  const isSearched = week.data !== undefined && !inWeek && !later;
  const month = useAvailability(isSearched ? { ...search, date: from, days: 31 } : null);
  if (inWeek) return inWeek;
  if (week.data === undefined) return week.isError ? null : undefined;
  if (later) return later;
  if (month.data === undefined) return month.isError ? null : undefined;
  return month.data.slots.find((slot) => slot.state === "free") ?? month.data.nextAvailable;
}
