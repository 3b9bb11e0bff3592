import type { Explanation, Place } from "@chairtime/client";
import { useClient } from "@chairtime/client/react";
import { useQuery } from "@tanstack/react-query";
import { OVERRIDABLE } from "../move/MoveRefused";

/** Why a time is not offered, asked anew each time: it depends on every booking. */
export function useExplanation(place: Place): {
  data: Explanation | undefined;
  overridable: boolean;
} {
  const { api } = useClient();
  const { data } = useQuery({
    queryKey: ["desk", "explain", place],
    staleTime: 0,
    gcTime: 0,
    enabled: place.appointmentType !== "" && place.dentistId !== "",
    queryFn: async ({ signal }) => {
      const answer = await api.GET("/api/availability/{dentist_id}/explain", {
        params: {
          path: { dentist_id: place.dentistId },
          query: { starts_at: place.startsAt, appointment_type: place.appointmentType },
        },
        signal,
      });
      return answer.data ?? null;
    },
  });
  const overridable =
    data?.offered === false && data.reasons.every((each) => OVERRIDABLE.includes(each.reason));
  return { data: data ?? undefined, overridable };
}
