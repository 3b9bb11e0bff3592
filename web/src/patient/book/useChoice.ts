import { useSearchParams } from "react-router";
import { isDay } from "../../shared/days";

/** What has been chosen so far. It stands in the URL, so that "back" takes back one choice. */
export interface Choice {
  type: string | null;
  /** The linked patient for whom the booking is; null is the patient. */
  for: string | null;
  /** Null is any dentist. */
  dentist: string | null;
  /** The day whose times are shown, in the clinic's zone. */
  day: string | null;
  /** The chosen time, and whose it is. */
  at: string | null;
  with: string | null;
}

const NAMES = ["type", "for", "dentist", "day", "at", "with"] as const;

export function useChoice(): [Choice, (change: Partial<Choice>, replace?: boolean) => void] {
  const [search, setSearch] = useSearchParams();
  const choice = Object.fromEntries(
    NAMES.map((name) => [name, readable(name, search.get(name))]),
  ) as unknown;
  const change = (to: Partial<Choice>, replace = false) =>
    setSearch(
      (now) => {
        for (const [name, value] of Object.entries(to)) {
          if (value === null) now.delete(name);
          else now.set(name, value);
        }
        return now;
      },
      { replace, preventScrollReset: true },
    );
  return [choice as Choice, change];
}

/** What stands in the URL, or null where it is no day or no instant: whoever follows a broken link
 * chooses again. */
function readable(name: keyof Choice, text: string | null): string | null {
  if (text === null) return null;
  if (name === "day") return isDay(text) ? text : null;
  return name === "at" && Number.isNaN(Date.parse(text)) ? null : text;
}
