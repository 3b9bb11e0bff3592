export { Client, type ClientOptions, createClient, type EventsOptions } from "./client.js";
export { ServerClock } from "./clock.js";
export type {
  Command,
  CommandInputs,
  CommandOptions,
  EditInput,
  HoldInput,
  MoveInput,
  Place,
} from "./commands.js";
export { Commands } from "./commands.js";
export type { Fetch, GetToken } from "./connection.js";
export type {
  BookingAnswer,
  ConversationOptions,
  HoldAnswer,
  Offer,
  SlotsAnswer,
  ToolAnswer,
  ToolAnswers,
  ToolArguments,
  ToolRefusal,
  ToolVerb,
  WrittenByPerson,
} from "./conversation.js";
export { Conversation } from "./conversation.js";
export type { components, operations, paths } from "./generated/schema.js";

export { newKey } from "./keys.js";
export { Live } from "./live.js";
export type { LiveState, LiveStatus } from "./live-status.js";
export {
  type ClientError,
  isRefusal,
  type Problem,
  Refusal,
  type RefusalCode,
  Unreachable,
} from "./refusal.js";
export { type SupabaseCredentials, supabaseToken } from "./supabase-token.js";
export type * from "./types.js";
