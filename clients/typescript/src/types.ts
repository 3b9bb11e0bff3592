import type { components } from "./generated/schema.js";

type Schemas = components["schemas"];

export type Appointment = Schemas["Appointment"];
export type AppointmentStatus = Schemas["Status"];
export type AppointmentType = Schemas["AppointmentType"];
export type CancelReason = Schemas["CancelReason"];
export type Clinic = Schemas["Clinic"];
export type Dentist = Schemas["Dentist"];
export type EventKind = Schemas["Kind"];
export type Explanation = Schemas["Explanation"];
export type LinkedPatient = Schemas["LinkedPatient"];
export type Profile = Schemas["Profile"];
export type Resource = Schemas["Resource"];
export type Role = Schemas["Role"];
export type Slot = Schemas["BoardSlot"];
export type SlotState = Schemas["State"];
/** What can be done to a booking; `allowed` names those that this caller may use now. */
export type Verb = Schemas["Verb"];
export type Transition = Schemas["Transition"];

/** What an event says of a booking: ids, codes and times, and nothing that a person wrote. */
export type AppointmentFields = Pick<Appointment, "id"> & Partial<Appointment>;

/** The starts of a dentist in [from, until) that may differ now; null is unbounded. */
export interface ChangedStarts {
  dentist_id: string;
  from: string | null;
  until: string | null;
}

/** The data of an event. */
export interface EventData {
  seq: number;
  kind: EventKind;
  entity_id: string;
  /** Null for slots. */
  version: number | null;
  occurred_at: string;
  server_time: string;
  [field: string]: unknown;
}

/** A connection is open; events after `cursor` follow. */
export interface ReadyItem {
  type: "ready";
  cursor: string;
  serverTime: string | null;
}

/** The present state of the one booking whose stream this is. */
export interface SnapshotItem {
  type: "snapshot";
  cursor: string;
  appointment: Appointment;
}

/** Events are missing: load everything again. `reason` is the server's, or `gap`. */
export interface ResetItem {
  type: "reset";
  cursor: string;
  reason: string;
}

/** A change. Store `cursor` once it is handled, to resume from there. */
export interface EventItem {
  type: "event";
  cursor: string;
  kind: EventKind;
  data: EventData;
}

export type StreamItem = ReadyItem | SnapshotItem | ResetItem | EventItem;
