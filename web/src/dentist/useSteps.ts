import type { Appointment } from "@chairtime/client";
import { useCheckIn, useComplete, useNoShow, useStart } from "@chairtime/client/react";
import type { Step } from "./visits";

/** Takes steps of visits; `error` is why the last one was refused. */
export function useSteps() {
  const all = { check_in: useCheckIn(), start: useStart(), complete: useComplete() };
  const noShow = useNoShow();
  const mutations = [...Object.values(all), noShow];
  const latest = mutations.reduce((a, b) => (b.submittedAt > a.submittedAt ? b : a));
  return {
    take: (step: Step, { id, version }: Appointment) => all[step].mutate({ id, version }),
    noShow: ({ id, version }: Appointment) => noShow.mutate({ id, version }),
    isPending: mutations.some((mutation) => mutation.isPending),
    error: latest.error,
  };
}
