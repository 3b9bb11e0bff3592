import { useEffect, useReducer, useSyncExternalStore } from "react";
import type { LiveStatus } from "../live-status.js";
import { useClient } from "./provider.js";

/** The state of the stream: live, reconnecting, stale since …; `signOut` ends it in all tabs. */
export function useLive(): LiveStatus & { signOut: () => void } {
  const { live } = useClient();
  const status = useSyncExternalStore(
    (changed) => live.observe(changed),
    () => live.status,
    () => live.status,
  );
  return { ...status, signOut: () => live.signOut() };
}

/**
 * Whole seconds until an instant by the server's clock, rounded up; 0 from then on, null without
 * one. Renders once a second.
 */
export function useRemaining(until: string | null | undefined): number | null {
  const { clock } = useClient();
  const [, tick] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (!until) return;
    let timer: ReturnType<typeof setTimeout>;
    const next = () => {
      const left = clock.secondsUntil(until) ?? 0;
      if (left <= 0) return;
      // Just after the next full second, so that each is shown for a second.
      const wait = (left - Math.floor(left)) * 1000 + 5;
      timer = setTimeout(() => {
        tick();
        next();
      }, wait);
    };
    next();
    return () => clearTimeout(timer);
  }, [until, clock]);
  const left = clock.secondsUntil(until);
  return left === null ? null : Math.ceil(left);
}

/** The server's time in milliseconds since 1970; renders each `interval` milliseconds. */
export function useServerNow(interval = 30_000): number {
  const { clock } = useClient();
  const [, tick] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(tick, interval);
    return () => clearInterval(timer);
  }, [interval]);
  return clock.now();
}
