import type { Appointment, AppointmentFields, EventData } from "../types.js";

/** Fields of an event that are not fields of the booking. */
const ABOUT_THE_EVENT = new Set([
  "seq",
  "kind",
  "entity_id",
  "occurred_at",
  "server_time",
  "actor",
  "from",
  "until",
]);

/** Fields that are absent from an event where they are null. */
const NULL_IF_ABSENT = ["hold_expires_at", "cancelled_by", "cancel_reason", "lapsed_at"] as const;

/** The number of bookings that are remembered. */
const REMEMBERED = 5000;

interface Entry {
  fields: Appointment;
  /** When it changed, counted. */
  touched: number;
}

/** The newest state known of each booking, whoever told it. Versions never go backwards. */
export class Ledger {
  private readonly entries = new Map<string, Entry>();
  private readonly optimistic = new Map<string, Map<symbol, Partial<Appointment>>>();
  private readonly gone = new Map<string, number>();
  private count = 0;

  /** Counts changes: what `changedSince` compares with. */
  get now(): number {
    return this.count;
  }

  /** Takes in an answer of the API; returns the newest state. */
  receive(answer: Appointment): Appointment {
    const known = this.entries.get(answer.id);
    const older = known !== undefined && known.fields.version > answer.version;
    if (!older) this.gone.delete(answer.id);
    const newest = older ? completed(known.fields, answer) : answer;
    this.store(answer.id, known && isSame(known.fields, newest) ? known.fields : newest);
    return this.get(answer.id) ?? answer;
  }

  /** Takes in an event; false if it brings nothing new. */
  apply(event: EventData): boolean {
    const id = event.entity_id;
    if (event.kind === "appointment.removed") {
      this.entries.delete(id);
      this.count += 1;
      this.gone.set(id, this.count);
      return true;
    }
    const known = this.entries.get(id)?.fields;
    if (event.version === null || (known !== undefined && known.version >= event.version))
      return false;
    this.gone.delete(id);
    this.store(id, { ...blank(event), ...(known && lasting(known)), ...fieldsOf(event) });
    return true;
  }

  /** The newest state with optimistic changes; undefined if nothing is known. */
  get(id: string): Appointment | undefined {
    const fields = this.entries.get(id)?.fields;
    const changes = this.optimistic.get(id);
    return fields && changes ? Object.assign({}, fields, ...changes.values()) : fields;
  }

  /** Shows a change before it is answered; returns what takes it back. */
  addOptimistic(id: string, change: Partial<Appointment>): () => void {
    const key = Symbol(id);
    const changes = this.optimistic.get(id) ?? new Map<symbol, Partial<Appointment>>();
    this.optimistic.set(id, changes.set(key, change));
    this.touch(id);
    return () => {
      changes.delete(key);
      if (changes.size === 0) this.optimistic.delete(id);
      this.touch(id);
    };
  }

  /** The bookings that changed since the count was `since`. */
  changedSince(since: number): Appointment[] {
    const ids = [...this.entries].filter(([, entry]) => entry.touched > since).map(([id]) => id);
    return ids.map((id) => this.get(id)).filter((found) => found !== undefined);
  }

  /** Whether it went out of the user's sight after the count was `since`. */
  isGone(id: string, since: number): boolean {
    return (this.gone.get(id) ?? -1) > since;
  }

  /** Forgets all, as after a reset: versions may begin anew. */
  clear(): void {
    this.entries.clear();
    this.gone.clear();
  }

  private store(id: string, fields: Appointment): void {
    this.count += 1;
    this.entries.delete(id);
    this.entries.set(id, { fields, touched: this.count });
    if (this.entries.size <= REMEMBERED) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      break;
    }
  }

  private touch(id: string): void {
    const entry = this.entries.get(id);
    this.count += 1;
    if (entry) entry.touched = this.count;
  }
}

function fieldsOf(event: EventData): AppointmentFields {
  const fields = Object.entries(event).filter(([name]) => !ABOUT_THE_EVENT.has(name));
  return Object.fromEntries(fields) as AppointmentFields;
}

/** Fields that differ in each reading of the same booking. */
const OF_THE_READING = ["expires_in_seconds", "server_time"];

/** Whether a reading brought nothing new: pages then keep what they show. */
function isSame(known: Appointment, read: Appointment): boolean {
  const text = (it: Appointment) =>
    JSON.stringify(Object.entries(it).filter(([name]) => !OF_THE_READING.includes(name)));
  return text(known) === text(read);
}

/** What an answer has and an event of a booking that was never read lacks. */
function blank(event: EventData): Appointment {
  const at = event.occurred_at;
  return { created_at: at, updated_at: at, allowed: [] as Appointment["allowed"] } as Appointment;
}

/** A booking with what an older answer alone has, such as names and notes. */
function completed(newer: Appointment, older: Appointment): Appointment {
  const known = Object.entries(newer).filter(([, value]) => value !== undefined);
  const created_at = older.created_at;
  return { ...lasting(older), ...Object.fromEntries(known), created_at } as Appointment;
}

/** What a later version still has unless it says otherwise. */
function lasting(known: Appointment): Partial<Appointment> {
  const copy: Record<string, unknown> = { ...known };
  for (const name of [...NULL_IF_ABSENT, ...OF_THE_READING]) delete copy[name];
  return copy as Partial<Appointment>;
}
