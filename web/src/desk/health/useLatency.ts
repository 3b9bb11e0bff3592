import { useClient } from "@chairtime/client/react";
import { useEffect, useState } from "react";

const KEPT = 500;

export interface Latency {
  /** Milliseconds from the last event's commit to this browser. */
  last: number;
  p95: number;
  count: number;
}

/** How long events took from their commit to this browser, by the server's clock. */
export function useLatency(): Latency | null {
  const { live, clock } = useClient();
  const [samples, setSamples] = useState<readonly number[]>([]);
  useEffect(
    () =>
      live.subscribe((item) => {
        if (item.type !== "event") return;
        const took = Math.max(0, clock.now() - Date.parse(item.data.occurred_at));
        setSamples((known) => [...known.slice(1 - KEPT), took]);
      }),
    [live, clock],
  );
  const last = samples.at(-1);
  if (last === undefined) return null;
  const sorted = [...samples].sort((a, b) => a - b);
  const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? last;
  return { last, p95, count: samples.length };
}
