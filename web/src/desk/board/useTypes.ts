import type { AppointmentType } from "@chairtime/client";
import { useGet } from "@chairtime/client/react";
import { useMemo } from "react";

export interface Terms {
  types: ReadonlyMap<string, string>;
  buffers: ReadonlyMap<string, { before: number; after: number }>;
}

/** The types of a clinic, and their names and buffers by slug. */
export function useTypes(clinicId: string): { list: readonly AppointmentType[]; terms: Terms } {
  const params = useMemo(() => ({ params: { query: { clinic_id: clinicId } } }), [clinicId]);
  const { data } = useGet("/api/appointment-types", params);
  return useMemo(() => {
    const list = data ?? [];
    return {
      list,
      terms: {
        types: new Map(list.map((each) => [each.slug, each.name])),
        buffers: new Map(
          list.map((each) => [
            each.slug,
            { before: each.buffer_before_minutes, after: each.buffer_after_minutes },
          ]),
        ),
      },
    };
  }, [data]);
}
