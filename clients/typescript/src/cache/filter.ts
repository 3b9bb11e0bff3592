import type { Appointment, AppointmentStatus } from "../types.js";

/** Which bookings a list has; without a field, all. */
export interface AppointmentFilter {
  status?: readonly AppointmentStatus[];
  dentistId?: string | readonly string[];
  patientId?: string;
  clinicId?: string;
  appointmentType?: string;
  /** Starts from this instant on. */
  from?: string;
  /** Starts before this instant. */
  to?: string;
  /** Staff: the chair's `no`. */
  chair?: number;
  /** Whether nobody completed the visit in time. */
  lapsed?: boolean;
}

/** Bookings by start, as the API lists them. */
export interface AppointmentList {
  items: Appointment[];
  /** There are more after the last one. */
  hasMore: boolean;
  /** The `Event-Cursor` of the list: it has all that happened before. */
  cursor: string | null;
}

/** The filter as the API's query. */
export function queryOf(filter: AppointmentFilter): Record<string, unknown> {
  const dentists = filter.dentistId;
  return {
    status: filter.status,
    dentist_id: typeof dentists === "string" ? [dentists] : dentists,
    patient_id: filter.patientId,
    clinic_id: filter.clinicId,
    appointment_type: filter.appointmentType,
    from: filter.from,
    to: filter.to,
    chair: filter.chair,
    lapsed: filter.lapsed,
  };
}

/** Whether a booking belongs into the list; null if only the server can tell. */
export function matches(filter: AppointmentFilter, it: Appointment): boolean | null {
  const dentists = typeof filter.dentistId === "string" ? [filter.dentistId] : filter.dentistId;
  const starts = Date.parse(it.starts_at);
  const fits =
    (!filter.status?.length || filter.status.includes(it.status)) &&
    (!dentists?.length || dentists.includes(it.dentist_id)) &&
    (filter.patientId === undefined || filter.patientId === it.patient_id) &&
    (filter.clinicId === undefined || filter.clinicId === it.clinic_id) &&
    (filter.appointmentType === undefined ||
      filter.appointmentType.toLowerCase() === it.appointment_type.toLowerCase()) &&
    (filter.from === undefined || starts >= Date.parse(filter.from)) &&
    (filter.to === undefined || starts < Date.parse(filter.to)) &&
    (filter.lapsed === undefined || filter.lapsed === Boolean(it.lapsed_at));
  if (!fits) return false;
  // Events do not tell of chairs.
  return filter.chair === undefined ? true : null;
}

/** The list with a booking's newest state in its place; the same list if nothing differs. */
export function placed(
  list: AppointmentList,
  filter: AppointmentFilter,
  it: Appointment,
): AppointmentList {
  const at = list.items.findIndex((item) => item.id === it.id);
  const belongs = matches(filter, it) ?? at >= 0;
  if (at >= 0 && list.items[at] === it && belongs) return list;
  const others = at >= 0 ? list.items.filter((item) => item.id !== it.id) : list.items;
  if (!belongs) return at >= 0 ? { ...list, items: others } : list;
  const next = others.findIndex((item) => isBefore(it, item));
  // Beyond the end of a list that was cut off there may be others in between.
  if (next < 0 && list.hasMore && at !== others.length)
    return at >= 0 ? { ...list, items: others } : list;
  const items = [...others];
  items.splice(next < 0 ? items.length : next, 0, it);
  return { ...list, items };
}

export function without(list: AppointmentList, id: string): AppointmentList {
  const items = list.items.filter((item) => item.id !== id);
  return items.length === list.items.length ? list : { ...list, items };
}

function isBefore(one: Appointment, other: Appointment): boolean {
  const [a, b] = [Date.parse(one.starts_at), Date.parse(other.starts_at)];
  return a < b || (a === b && one.id < other.id);
}
