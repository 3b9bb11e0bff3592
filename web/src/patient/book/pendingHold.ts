import type { HoldInput } from "@chairtime/client";

let pending: HoldInput | null = null;

/** Remembers what a visitor wants to hold while they sign in. A reload forgets it. */
export function keepHold(input: HoldInput): void {
  pending = input;
}

/** What was to be held, once. */
export function takeHold(): HoldInput | null {
  const input = pending;
  pending = null;
  return input;
}
