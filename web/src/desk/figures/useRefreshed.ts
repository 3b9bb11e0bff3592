import { useEvery } from "../health/useEvery";

const MINUTE = 60_000;

/** What was read, which is read again every minute. */
export function useRefreshed<Found extends { refetch: () => unknown }>(found: Found): Found {
  useEvery(MINUTE, () => void found.refetch());
  return found;
}
