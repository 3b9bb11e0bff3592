import { type UseMutationResult, useMutation } from "@tanstack/react-query";
import type { LiveCache } from "../cache/live-cache.js";
import type { Command, CommandInputs, HoldInput, MoveInput } from "../commands.js";
import type { ClientError } from "../refusal.js";
import type { Appointment, AppointmentStatus } from "../types.js";
import { useLiveCache } from "./provider.js";

/** A command of one booking: its id, the version it is for, and what the command takes. */
export type CommandVariables<C extends Command> = CommandInputs[C] & {
  id: string;
  /** Refused with `version_conflict` unless the booking has this version. */
  version?: number;
};

export type CommandMutation<C extends Command> = UseMutationResult<
  Appointment,
  ClientError,
  CommandVariables<C>
>;

/** What a booking is expected to become, shown until the answer comes. */
const EXPECTED: Partial<Record<Command, AppointmentStatus>> = {
  release: "released",
  cancel: "cancelled",
  approve: "booked",
  decline: "declined",
  check_in: "checked_in",
  start: "in_treatment",
  complete: "completed",
  no_show: "no_show",
};

/**
 * A command of a booking. The change is shown at once and taken back if it is refused; `error` is a
 * Refusal with its code, or Unreachable.
 */
export function useCommand<C extends Command>(command: C): CommandMutation<C> {
  const cache = useLiveCache();
  return useMutation<Appointment, ClientError, CommandVariables<C>>({
    networkMode: "always",
    mutationFn: async (variables) => {
      const { id, version, ...input } = variables;
      const options = version === undefined ? {} : { version };
      return cache.optimistically(id, expected(cache, command, id, input), () =>
        cache.client.commands.run(command, id, input as unknown as CommandInputs[C], options),
      );
    },
  });
}

/** Holds a slot. */
export function useReserve(): UseMutationResult<Appointment, ClientError, HoldInput> {
  const cache = useLiveCache();
  return useMutation<Appointment, ClientError, HoldInput>({
    networkMode: "always",
    mutationFn: async (input) => received(cache, await cache.client.commands.hold(input)),
  });
}

/** Books a slot at once. */
export function useBook(): UseMutationResult<Appointment, ClientError, HoldInput> {
  const cache = useLiveCache();
  return useMutation<Appointment, ClientError, HoldInput>({
    networkMode: "always",
    mutationFn: async (input) => received(cache, await cache.client.commands.book(input)),
  });
}

export const useConfirm = () => useCommand("confirm");
export const useExtend = () => useCommand("extend");
export const useRelease = () => useCommand("release");
export const useCancel = () => useCommand("cancel");
export const useMove = () => useCommand("move");
export const useEdit = () => useCommand("edit");
export const useApprove = () => useCommand("approve");
export const useDecline = () => useCommand("decline");
export const useCheckIn = () => useCommand("check_in");
export const useStart = () => useCommand("start");
export const useComplete = () => useCommand("complete");
export const useNoShow = () => useCommand("no_show");

function received(cache: LiveCache, answer: Appointment): Appointment {
  cache.receive(answer);
  return answer;
}

/** The change that a command is expected to make. */
function expected(
  cache: LiveCache,
  command: Command,
  id: string,
  input: object,
): Partial<Appointment> {
  const status = EXPECTED[command];
  if (status !== undefined) return { status, allowed: [] };
  if (command !== "move") return {};
  const { startsAt, dentistId } = input as MoveInput;
  const now = cache.ledger.get(id);
  const change: Partial<Appointment> = { allowed: [] };
  if (dentistId !== undefined) change.dentist_id = dentistId;
  if (startsAt !== undefined && now !== undefined) {
    const length = Date.parse(now.ends_at) - Date.parse(now.starts_at);
    change.starts_at = new Date(startsAt).toISOString();
    change.ends_at = new Date(Date.parse(startsAt) + length).toISOString();
  }
  return change;
}
