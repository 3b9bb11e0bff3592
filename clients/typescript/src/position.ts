import type { Appointment, EventData, EventKind, StreamItem } from "./types.js";

/** One frame of an event stream. */
export interface Frame {
  id: string;
  event: string;
  data: string;
}

/** The server's pause before reconnecting, in milliseconds, until it names another. */
const RETRY = 1000;

/** The number of bookings whose latest version is kept to detect missing events. */
const REMEMBERED = 10_000;

/** The last frames of a connection that say why it ends. */
export const ENDINGS = ["bye", "expired", "revoked", "lagged"] as const;

export type Ending = (typeof ENDINGS)[number];

/**
 * A reader's position in the order of events. Drops what came already; events that are missing
 * become a `reset`.
 */
export class Position {
  retry = RETRY;
  /** Why the server ended the last connection; null if it did not say. */
  ending: Ending | null = null;
  private readonly versions = new Map<string, number>();

  /** Resumes after `cursor`; null is from now on. */
  constructor(public cursor: string | null = null) {}

  /** The items in a frame; none for control frames and unknown kinds. */
  take(frame: Frame): StreamItem[] {
    const data: unknown = JSON.parse(frame.data || "{}");
    switch (frame.event) {
      case "ready":
        return this.begin({
          type: "ready",
          cursor: frame.id,
          serverTime: textOf(data, "server_time"),
        });
      case "snapshot":
        return this.begin({ type: "snapshot", cursor: frame.id, appointment: data as Appointment });
      case "reset":
        return [this.reset(frame.id, textOf(data, "reason") ?? "")];
      default:
        this.ending = ENDINGS.find((ending) => ending === frame.event) ?? this.ending;
        return isEvent(data) ? this.event(frame.id, data) : [];
    }
  }

  /**
   * A connection that does not begin where we are leaves a gap. With another role other things can
   * be seen.
   */
  private begin(item: StreamItem): StreamItem[] {
    const revoked = this.ending === "revoked";
    const gap = this.cursor !== null && this.cursor !== item.cursor;
    this.ending = null;
    const reset = revoked || gap ? [this.reset(item.cursor, revoked ? "revoked" : "gap")] : [];
    this.cursor = item.cursor;
    return [...reset, item];
  }

  private event(cursor: string, data: EventData): StreamItem[] {
    if (isAfterOrAt(this.cursor, cursor)) return [];
    const items: StreamItem[] = this.misses(data) ? [this.reset(cursor, "gap")] : [];
    this.cursor = cursor;
    this.remember(data);
    items.push({ type: "event", cursor, kind: data.kind, data });
    return items;
  }

  /** Each version of a booking is exactly one event. */
  private misses(data: EventData): boolean {
    const before = this.versions.get(data.entity_id);
    return isOfAppointment(data.kind) && before !== undefined && data.version !== before + 1;
  }

  private remember(data: EventData): void {
    if (!isOfAppointment(data.kind)) return;
    this.versions.delete(data.entity_id);
    // Later versions of what was removed may not be visible to us.
    if (data.kind === "appointment.removed" || data.version === null) return;
    this.versions.set(data.entity_id, data.version);
    if (this.versions.size > REMEMBERED) {
      for (const oldest of this.versions.keys()) {
        this.versions.delete(oldest);
        break;
      }
    }
  }

  private reset(cursor: string, reason: string): StreamItem {
    this.cursor = cursor;
    this.versions.clear();
    return { type: "reset", cursor, reason };
  }
}

export function isOfAppointment(kind: EventKind): boolean {
  return kind.startsWith("appointment.");
}

/** Whether `mine` is at `other` or later, in the same epoch. */
export function isAfterOrAt(mine: string | null, other: string): boolean {
  if (mine === null) return false;
  const [here, there] = [parts(mine), parts(other)];
  return here.epoch === there.epoch && there.seq <= here.seq;
}

function parts(cursor: string): { epoch: string; seq: number } {
  const at = cursor.lastIndexOf(":");
  return { epoch: cursor.slice(0, at), seq: Number(cursor.slice(at + 1)) };
}

function textOf(data: unknown, field: string): string | null {
  const value: unknown =
    typeof data === "object" && data !== null ? Reflect.get(data, field) : null;
  return typeof value === "string" ? value : null;
}

function isEvent(data: unknown): data is EventData {
  return typeof data === "object" && data !== null && typeof Reflect.get(data, "seq") === "number";
}
