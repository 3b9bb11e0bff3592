import { useClinic } from "../app/clinic";
import { Skeletons } from "../shared/Skeletons";
import { Day } from "./Day";

/** The clinic's day. */
export default function DayPage() {
  const { clinic } = useClinic();
  return clinic ? <Day key={clinic.id} clinic={clinic} /> : <Skeletons rows={12} />;
}
