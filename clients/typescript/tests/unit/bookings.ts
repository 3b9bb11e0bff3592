import type { Appointment, EventData } from "../../src/index.js";

export function booking(fields: Partial<Appointment> = {}): Appointment {
  return {
    id: "a",
    clinic_id: "c",
    dentist_id: "d",
    patient_id: "p",
    appointment_type: "checkup",
    status: "booked",
    starts_at: "2027-03-08T08:00:00Z",
    ends_at: "2027-03-08T08:30:00Z",
    time_zone: "Europe/Berlin",
    version: 1,
    allowed: ["cancel"],
    created_at: "2027-03-01T10:00:00Z",
    updated_at: "2027-03-01T10:00:00Z",
    ...fields,
  } as Appointment;
}

const NOT_TOLD = ["created_at", "updated_at", "notes", "server_time", "allowed"];

/** What is told of a booking: without what differs between readers. */
export function told(fields: Partial<Appointment>, kind = "appointment.edited"): EventData {
  const entity = booking(fields);
  const entries = Object.entries(entity).filter(([name]) => !NOT_TOLD.includes(name));
  return {
    seq: 1,
    kind: kind as EventData["kind"],
    entity_id: entity.id,
    version: entity.version,
    occurred_at: "2027-03-01T11:00:00Z",
    server_time: "2027-03-01T11:00:00Z",
    ...Object.fromEntries(entries),
  };
}
