import { useEffect } from "react";
import { useSession } from "./SessionProvider";

const IDLE_MS = 10 * 60 * 1000;
const CHECK_MS = 5_000;
const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

/** Signs staff at a shared desk out after ten minutes without input in any tab. */
export function useIdleLock(): void {
  const { state, leave } = useSession();
  const user = state.status === "in" ? state.user : null;
  const watched = user !== null && user.role !== "patient";

  useEffect(() => {
    if (!watched) return;
    let last = Date.now();
    let told = 0;
    const channel =
      typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("chairtime.input");
    const hear = () => {
      last = Date.now();
    };
    const note = () => {
      last = Date.now();
      if (last - told < CHECK_MS) return;
      told = last;
      channel?.postMessage(null);
    };
    channel?.addEventListener("message", hear);
    for (const input of INPUTS) window.addEventListener(input, note, { passive: true });
    const timer = setInterval(() => {
      if (Date.now() - last >= IDLE_MS) void leave("locked");
    }, CHECK_MS);
    return () => {
      clearInterval(timer);
      channel?.close();
      for (const input of INPUTS) window.removeEventListener(input, note);
    };
  }, [watched, leave]);
}
