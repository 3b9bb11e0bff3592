import { useClient } from "@chairtime/client/react";
import { useCallback } from "react";
import type { Outcome } from "../schedules/draft";
import type { Row, Values } from "./fields";

/** Asks which bookings a change of a clinic's zone or grid would leave outside; changes nothing. */
export function useTrial() {
  const { api } = useClient();
  return useCallback(
    async (body: Values, row: Row): Promise<Outcome> => {
      const { data } = await api.PUT("/api/clinics/{id}", {
        params: {
          path: { id: String(row.id) },
          query: { dry_run: true },
          header: { "If-Match": `"${row.version}"` },
        },
        body,
      });
      return { conflicts: data?.conflicts ?? [], total: data?.conflicts_total ?? 0 };
    },
    [api],
  );
}
