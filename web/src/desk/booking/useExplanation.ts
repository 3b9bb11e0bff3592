import type { Appointment, Explanation, Place } from "@chairtime/client";
import { useClient } from "@chairtime/client/react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { OVERRIDABLE } from "../move/MoveRefused";

/** Why a time is not offered, asked anew whenever a booking of its dentist changes. */
export function useExplanation(
  place: Place,
  bookings: readonly Appointment[],
): { data: Explanation | undefined; overridable: boolean } {
  const { api } = useClient();
  const { dentistId, startsAt, appointmentType } = place;
  const asked = `${dentistId} ${startsAt} ${appointmentType}`;
  const state = useMemo(
    () =>
      bookings
        .filter((each) => each.dentist_id === dentistId)
        .map(({ id, version }) => [id, version]),
    [bookings, dentistId],
  );
  const { data } = useQuery({
    queryKey: ["desk", "explain", asked, state],
    // Until the new answer comes, the old one to the same question stays.
    placeholderData: (before: Explanation | null | undefined, query) =>
      query?.queryKey[2] === asked ? before : undefined,
    staleTime: 0,
    gcTime: 0,
    enabled: appointmentType !== "" && dentistId !== "",
    queryFn: async ({ signal }) => {
      const answer = await api.GET("/api/availability/{dentist_id}/explain", {
        params: {
          path: { dentist_id: dentistId },
          query: { starts_at: startsAt, appointment_type: appointmentType },
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
