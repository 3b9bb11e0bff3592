import { useGet } from "@chairtime/client/react";
import { memo, useEffect, useMemo } from "react";
import { type Interval, openIntervals } from "../time/opening";

interface Props {
  dentistId: string;
  date: string;
  onRead: (dentistId: string, open: readonly Interval[]) => void;
}

/** Reads one dentist's working hours on a date, anew whenever their schedule changes. */
export const Hours = memo(function Hours({ dentistId, date, onRead }: Props) {
  const params = useMemo(() => ({ params: { path: { dentist_id: dentistId } } }), [dentistId]);
  const { data } = useGet("/api/availability/{dentist_id}", params);
  useEffect(() => {
    if (data) onRead(dentistId, openIntervals(data, date));
  }, [data, dentistId, date, onRead]);
  return null;
});
