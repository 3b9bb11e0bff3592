import { useLive } from "@chairtime/client/react";
import { LiveBadge } from "../../shared/LiveBadge";

/** The badge of this browser's stream. */
export function Connection() {
  const { state, since } = useLive();
  switch (state) {
    case "live":
    case "connecting":
      return <LiveBadge state={state} />;
    case "reconnecting":
    case "stale":
      return <LiveBadge state={state} since={new Date(since)} />;
    case "off":
    case "refused":
    case "signed_out":
      return null;
  }
}
