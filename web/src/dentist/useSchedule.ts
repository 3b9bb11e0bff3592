import { useGet } from "@chairtime/client/react";
import { useUser } from "../app/session/SessionProvider";

/** The dentist's own hours, and with them the clinic's zone. */
export function useSchedule() {
  const user = useUser();
  return useGet(
    "/api/availability/{dentist_id}",
    { params: { path: { dentist_id: user?.id ?? "" } } },
    { enabled: user !== null },
  );
}
