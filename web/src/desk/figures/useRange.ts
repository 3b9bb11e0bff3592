import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { addDays } from "../../shared/days";
import { useToday } from "../time/useToday";

/** The numbers of days that can be chosen. */
export const LENGTHS = [7, 28, 90, 365] as const;

const DEFAULT = 28;

export interface Range {
  from: string;
  to: string;
}

export interface Asked extends Range {
  clinic_id: string;
}

/** The days until today in the clinic's zone, as many as the URL says (`?days=`). */
export function useRange(zone: string) {
  const [search, setSearch] = useSearchParams();
  const today = useToday(zone);
  const named = Number(search.get("days"));
  const days = LENGTHS.find((length) => length === named) ?? DEFAULT;
  const range = useMemo<Range>(
    () => ({ from: addDays(today, 1 - days), to: today }),
    [today, days],
  );
  const choose = (length: string) =>
    setSearch((now) => {
      now.set("days", length);
      return now;
    });
  return { range, days, choose };
}
