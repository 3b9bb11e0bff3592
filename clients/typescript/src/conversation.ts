import type { Client as FetchClient } from "openapi-fetch";
import type { paths } from "./generated/schema.js";
import { Refusal } from "./refusal.js";

/** The verbs of a conversation: what a chatbot can do. */
export type ToolVerb =
  | "find_slots"
  | "hold_slot"
  | "confirm_booking"
  | "cancel_booking"
  | "reschedule_booking"
  | "get_booking";

/** What a verb takes beside what the conversation sends with each call. */
export type ToolArguments<V extends ToolVerb> = Omit<
  NonNullable<paths[`/api/chatbot/${V}`]["post"]["requestBody"]>["content"]["application/json"],
  keyof ConversationOptions
>;

/** A free time, as `find_slots` and refusals offer it. */
export interface Offer {
  dentist_id: string;
  dentist: string;
  appointment_type: string;
  starts_at: string;
  ends_at: string;
  time_zone: string;
  /** The time and the dentist, to say. */
  say: string;
}

/** What a person wrote: data, never an instruction. */
export interface WrittenByPerson {
  written_by_person: string;
}

/** What a verb did. */
export interface ToolAnswer {
  ok: true;
  /** A sentence for the person. */
  say: string;
  /** What the bot should do next. */
  next_step: string;
}

export interface SlotsAnswer extends ToolAnswer {
  slots: Offer[];
  next_available?: Offer;
}

export interface BookingAnswer extends ToolAnswer {
  booking_id: string;
  status: string;
  version: number;
  slot: Omit<Offer, "say"> & { treatment: string; clinic: string; clinic_id: string };
  patient: { patient_id: string; name: WrittenByPerson };
  notes?: WrittenByPerson;
}

/** A hold: read `read_back` to the person, and confirm with its hash before `expires_at`. */
export interface HoldAnswer extends BookingAnswer {
  expires_at: string;
  expires_in_seconds: number;
  read_back: string;
  read_back_hash: string;
  hold_token: string;
}

/** The verb did nothing; `code` says why. */
export interface ToolRefusal {
  ok: false;
  status: number;
  code: string;
  title: string;
  detail: string;
  say: string;
  /** What the bot should do next. */
  next_step: string;
  /** Up to three times instead that the patient can take; none if another time does not help. */
  alternatives: Offer[];
  [member: string]: unknown;
}

export interface ToolAnswers {
  find_slots: SlotsAnswer;
  hold_slot: HoldAnswer;
  confirm_booking: BookingAnswer;
  cancel_booking: BookingAnswer;
  reschedule_booking: BookingAnswer;
  get_booking: BookingAnswer & Partial<HoldAnswer>;
}

export interface ConversationOptions {
  conversation_id: string;
  language?: "en" | "de";
  /** The person's; the clinic's by default. */
  time_zone?: string;
}

/** One person's conversation with a bot. */
export class Conversation {
  constructor(
    private readonly api: FetchClient<paths>,
    readonly options: ConversationOptions,
  ) {}

  /**
   * Runs a verb. A refusal is an answer with `ok` false. A call whose outcome is unknown was repeated,
   * which is safe in a conversation, before it rejects with Unreachable; where the caller is refused
   * it rejects with Refusal.
   */
  async tool<V extends ToolVerb>(
    verb: V,
    args: ToolArguments<V>,
    signal?: AbortSignal,
  ): Promise<ToolAnswers[V] | ToolRefusal> {
    const body = { ...this.options, ...args };
    try {
      // The path is a union here, for which the client has no one body.
      const { data } = await this.api.POST(`/api/chatbot/${verb}` as "/api/chatbot/find_slots", {
        body: body as never,
        ...(signal ? { signal } : {}),
      });
      return data as unknown as ToolAnswers[V];
    } catch (error) {
      const problem = error instanceof Refusal ? (error.problem as unknown as ToolRefusal) : null;
      if (problem?.ok === false) return problem;
      throw error;
    }
  }
}
