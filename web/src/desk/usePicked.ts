import { useEffect, useRef, useState } from "react";
import type { Picked } from "./board/BoardContext";
import type { DeskPlace } from "./useDeskPlace";

/** The free time for which a form is open. The form is closed for good when its place is left. */
export function usePicked(place: DeskPlace) {
  const [picked, setPicked] = useState<Picked | null>(null);
  const before = useRef(place);
  useEffect(() => {
    const left = before.current;
    before.current = place;
    setPicked((now) => (now && isShown(now, left) && !isShown(now, place) ? null : now));
  }, [place]);
  return [picked, setPicked] as const;
}

function isShown(picked: Picked, place: DeskPlace): boolean {
  if (place.view !== "day" || picked.date !== place.date) return false;
  if (place.columns === "chairs") return !picked.dentistId;
  return picked.dentistId !== null && [null, picked.dentistId].includes(place.dentist);
}
