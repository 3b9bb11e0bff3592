import { useGet } from "@chairtime/client/react";
import { useUser } from "../../app/session/SessionProvider";

/** The linked patients, such as children, for whom the patient books. */
export function useFamily() {
  const isPatient = useUser()?.role === "patient";
  return useGet("/api/profiles/me/patients", {}, { enabled: isPatient });
}
