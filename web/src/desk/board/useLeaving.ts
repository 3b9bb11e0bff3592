import type { Appointment } from "@chairtime/client";
import { useEffect, useRef, useState } from "react";

/** Milliseconds for which a card that is gone fades. */
const FADE = 900;

/** The holds of a day that ended a moment ago: their cards fade out in place, so that nothing jumps. */
export function useLeaving(items: readonly Appointment[], date: string): readonly Appointment[] {
  const before = useRef({ items, date });
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  const [leaving, setLeaving] = useState<readonly Appointment[]>([]);
  useEffect(() => {
    const old = before.current;
    before.current = { items, date };
    if (old.date !== date) return setLeaving([]);
    const gone = old.items.filter(
      (each) => each.status === "held" && !items.some((item) => item.id === each.id),
    );
    if (gone.length === 0) return;
    setLeaving((now) => [...now, ...gone]);
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setLeaving((now) => now.filter((each) => !gone.includes(each)));
    }, FADE);
    timers.current.add(timer);
  }, [items, date]);
  useEffect(() => {
    const running = timers.current;
    return () => {
      for (const timer of running) clearTimeout(timer);
    };
  }, []);
  return leaving;
}
