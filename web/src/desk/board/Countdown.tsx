import { useRemaining } from "@chairtime/client/react";

/** Minutes and seconds left by the server's clock. */
export function Countdown({ until }: { until: string | null | undefined }) {
  const left = useRemaining(until);
  if (left === null) return null;
  const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  return <span>{text}</span>;
}
