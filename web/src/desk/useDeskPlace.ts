import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { isDay } from "../shared/days";
import { useToday } from "./time/useToday";

type Name = "date" | "view" | "columns" | "dentist" | "booking";

export interface DeskPlace {
  /** The day that is shown, in the clinic's zone. */
  date: string;
  today: string;
  view: "day" | "week";
  columns: "dentists" | "chairs";
  /** The only dentist who is shown; null for all. */
  dentist: string | null;
  /** The booking whose panel is open. */
  booking: string | null;
  /** Goes to another place: what is named changes, the rest stays. */
  go(change: Partial<Record<Name, string | null>>): void;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What the desk's page shows, as the URL says. */
export function useDeskPlace(zone: string): DeskPlace {
  const [search, setSearch] = useSearchParams();
  const go = useCallback<DeskPlace["go"]>(
    (change) =>
      setSearch((now) => {
        for (const [name, value] of Object.entries(change)) {
          if (value) now.set(name, value);
          else now.delete(name);
        }
        return now;
      }),
    [setSearch],
  );
  const today = useToday(zone);
  const asked = search.get("date");
  const date = asked && isDay(asked) ? asked : today;
  const view = search.get("view") === "week" ? "week" : "day";
  const columns = search.get("columns") === "chairs" ? "chairs" : "dentists";
  const dentist = search.get("dentist");
  const named = search.get("booking");
  const booking = named && UUID.test(named) ? named : null;
  return useMemo(
    () => ({ date, today, view, columns, dentist, booking, go }),
    [date, today, view, columns, dentist, booking, go],
  );
}
