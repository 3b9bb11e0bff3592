import { useRemaining } from "@chairtime/client/react";

/** Minutes and seconds until an instant by the server's clock. Hidden from screen readers, which
 * would read each second; say the end in words beside it. */
export function Countdown({ until }: { until: string | null | undefined }) {
  const left = useRemaining(until);
  if (left === null) return null;
  return (
    <span aria-hidden>
      {Math.floor(left / 60)}:{String(left % 60).padStart(2, "0")}
    </span>
  );
}
