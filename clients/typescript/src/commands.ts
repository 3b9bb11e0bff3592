import type { Client as FetchClient } from "openapi-fetch";
import type { ServerClock } from "./clock.js";
import type { components, paths } from "./generated/schema.js";
import { newKey } from "./keys.js";
import { Unreachable } from "./refusal.js";
import type { Appointment, CancelReason } from "./types.js";

type Schemas = components["schemas"];

/** Where and when: the slot that is held, booked or moved to. */
export interface Place {
  dentistId: string;
  startsAt: string;
  appointmentType: string;
}

export interface HoldInput extends Place {
  patientId?: string;
  notes?: string;
  /** Staff: outside the hours and off the grid. */
  override?: boolean;
}

export interface MoveInput extends Partial<Place> {
  override?: boolean;
}

export interface EditInput {
  notes?: string | null;
  staffNotes?: string | null;
}

/** What each command takes beside the booking's id. */
export interface CommandInputs {
  confirm: { notes?: string };
  extend: object;
  release: object;
  cancel: { reason?: CancelReason; note?: string };
  move: MoveInput;
  edit: EditInput;
  approve: object;
  decline: object;
  check_in: object;
  start: object;
  complete: object;
  no_show: object;
}

export type Command = keyof CommandInputs;

export interface CommandOptions {
  /** The same key is the same command: repeats have one effect. A new one by default. */
  key?: string;
  /** Refused with `version_conflict` unless the booking has this version. */
  version?: number;
  /** An agent's token of the booking, where another process made it. */
  holdToken?: string;
}

/**
 * The commands of bookings, each with an idempotency key. They answer with the booking as it is now
 * and remember the hold tokens of agents.
 */
export class Commands {
  private readonly tokens = new Map<string, string>();

  constructor(
    private readonly api: FetchClient<paths>,
    private readonly clock: ServerClock,
  ) {}

  async hold(input: HoldInput, options: CommandOptions = {}): Promise<Appointment> {
    const header = this.headers(options);
    const answer = this.api.POST("/api/availability/reserve", {
      params: { header },
      body: reserveBody(input),
    });
    return this.taken(await answer);
  }

  /** Books at once, without a hold before. */
  async book(input: HoldInput, options: CommandOptions = {}): Promise<Appointment> {
    const header = this.headers(options);
    const answer = this.api.POST("/api/appointments", {
      params: { header },
      body: reserveBody(input),
    });
    return this.taken(await answer);
  }

  async run<C extends Command>(
    command: C,
    id: string,
    input: CommandInputs[C],
    options: CommandOptions = {},
  ): Promise<Appointment> {
    const params = { path: { id }, header: this.headers(options, id) };
    return this.taken(await this.send(command, params, input));
  }

  private send(command: Command, params: Params, input: CommandInputs[Command]): Promise<Answer> {
    const { api } = this;
    switch (command) {
      case "confirm":
        return api.POST("/api/appointments/{id}/confirm", { params, body: input });
      case "cancel":
        return api.POST("/api/appointments/{id}/cancel", { params, body: input });
      case "extend":
        return api.POST("/api/availability/reserve/{id}/extend", { params });
      case "release":
        return api.DELETE("/api/availability/reserve/{id}", { params });
      case "move":
      case "edit":
        return api.PUT("/api/appointments/{id}", {
          params,
          body: updateBody(input as MoveInput & EditInput),
        });
      case "approve":
        return api.POST("/api/appointments/{id}/approve", { params });
      case "decline":
        return api.POST("/api/appointments/{id}/decline", { params });
      case "check_in":
        return api.POST("/api/appointments/{id}/check-in", { params });
      case "start":
        return api.POST("/api/appointments/{id}/start", { params });
      case "complete":
        return api.POST("/api/appointments/{id}/complete", { params });
      case "no_show":
        return api.POST("/api/appointments/{id}/no-show", { params });
    }
  }

  private headers(options: CommandOptions, id?: string): Params["header"] {
    const token = options.holdToken ?? this.tokens.get(id ?? "");
    return {
      "Idempotency-Key": options.key ?? newKey(),
      ...(options.version === undefined ? {} : { "If-Match": `"${options.version}"` }),
      ...(token === undefined ? {} : { "X-Hold-Token": token }),
    };
  }

  private taken({ data, response }: Answer): Appointment {
    if (data === undefined) throw new Unreachable(response.status);
    this.clock.observe(data.server_time);
    if (data.hold_token) this.tokens.set(data.id, data.hold_token);
    return data;
  }
}

interface Params {
  path: { id: string };
  header: { "Idempotency-Key": string; "If-Match"?: string; "X-Hold-Token"?: string };
}

interface Answer {
  data?: Appointment;
  response: Response;
}

function reserveBody(input: HoldInput): Schemas["Reserve"] {
  return {
    dentist_id: input.dentistId,
    starts_at: input.startsAt,
    appointment_type: input.appointmentType,
    override: input.override ?? false,
    ...(input.patientId === undefined ? {} : { patient_id: input.patientId }),
    ...(input.notes === undefined ? {} : { notes: input.notes }),
  };
}

function updateBody(input: MoveInput & EditInput): Schemas["Update"] {
  return {
    override: input.override ?? false,
    ...(input.dentistId === undefined ? {} : { dentist_id: input.dentistId }),
    ...(input.startsAt === undefined ? {} : { starts_at: input.startsAt }),
    ...(input.appointmentType === undefined ? {} : { appointment_type: input.appointmentType }),
    ...(input.notes === undefined ? {} : { notes: input.notes }),
    ...(input.staffNotes === undefined ? {} : { staff_notes: input.staffNotes }),
  };
}
