import { useClient } from "@chairtime/client/react";
import { useEffect, useState } from "react";
import { localOf } from "./zone";

/** Milliseconds between looks at the clock. */
const LOOK = 15_000;

/** The present day in a zone; a page that stays open over midnight shows the new one. */
export function useToday(zone: string): string {
  const { clock } = useClient();
  const [, setSeen] = useState("");
  useEffect(() => {
    const timer = setInterval(() => setSeen(localOf(clock.now(), zone).date), LOOK);
    return () => clearInterval(timer);
  }, [clock, zone]);
  return localOf(clock.now(), zone).date;
}
