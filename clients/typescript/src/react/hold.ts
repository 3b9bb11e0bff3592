import { useMemo, useState } from "react";
import type { HoldInput } from "../commands.js";
import type { ClientError } from "../refusal.js";
import type { Appointment } from "../types.js";
import { useConfirm, useExtend, useRelease, useReserve } from "./commands.js";
import { useRemaining } from "./live.js";
import { useAppointment, useAppointments } from "./queries.js";

export interface HoldOptions {
  /** A hold that exists. */
  id?: string | null;
  /** Without an id: takes up the patient's latest hold that still runs, as after a reload. */
  resume?: boolean;
  patientId?: string;
}

export interface Hold {
  /** The held booking in its newest state; undefined before a hold. */
  appointment: Appointment | undefined;
  /** Whether it is held and its time is not over. */
  isHeld: boolean;
  /** Whether its time is over: the slot is free for others. */
  isExpired: boolean;
  /** Whole seconds left by the server's clock; null without a hold. */
  remainingSeconds: number | null;
  isPending: boolean;
  /** Why the last command failed. */
  error: ClientError | null;
  /** Holds a slot; the hold before is kept until it ends by itself. */
  hold: (input: HoldInput) => Promise<Appointment>;
  confirm: (input?: { notes?: string }) => Promise<Appointment>;
  extend: () => Promise<Appointment>;
  release: () => Promise<Appointment>;
  /** Forgets the hold here, without giving it back. */
  clear: () => void;
}

const HELD = ["held"] as const;

/** A hold from the first click to its confirmation, its release or its end. */
export function useHold(options: HoldOptions = {}): Hold {
  const [own, setOwn] = useState<string | null>(null);
  const [resumed, forget] = useResumed(options, own);
  const id = own ?? options.id ?? resumed;
  const { data: appointment } = useAppointment(id);
  const [reserve, confirm] = [useReserve(), useConfirm()];
  const [extend, release] = [useExtend(), useRelease()];
  const mutations = [reserve, confirm, extend, release];
  const held = appointment?.status === "held";
  const remainingSeconds = useRemaining(held ? appointment.hold_expires_at : null);
  const latest = mutations.reduce((a, b) => (b.submittedAt > a.submittedAt ? b : a));
  const target = () => {
    if (id === null || id === undefined) throw new Error("Nothing is held: call hold first.");
    return { id };
  };
  return {
    appointment,
    isHeld: held && (remainingSeconds ?? 0) > 0,
    isExpired: appointment?.status === "expired" || (held && remainingSeconds === 0),
    remainingSeconds,
    isPending: mutations.some((mutation) => mutation.isPending),
    error: latest.error,
    hold: async (input) => {
      const made = await reserve.mutateAsync(input);
      setOwn(made.id);
      return made;
    },
    confirm: async (input = {}) => confirm.mutateAsync({ ...input, ...target() }),
    extend: async () => extend.mutateAsync(target()),
    release: async () => release.mutateAsync(target()),
    clear: () => {
      if (id) forget(id);
      setOwn(null);
      for (const mutation of mutations) mutation.reset();
    },
  };
}

/**
 * The id of the latest hold that still runs. Once taken up it stays, whatever becomes of it, until
 * it is forgotten; it is not taken up again.
 */
function useResumed(
  options: HoldOptions,
  own: string | null,
): [id: string | null, forget: (id: string) => void] {
  const asked = Boolean(options.resume) && !options.id && own === null;
  const filter = useMemo(
    () => ({ status: HELD, ...(options.patientId ? { patientId: options.patientId } : {}) }),
    [options.patientId],
  );
  const { data } = useAppointments(filter, { enabled: asked });
  const [taken, setTaken] = useState<string | null>(null);
  const [forgotten, setForgotten] = useState<readonly string[]>([]);
  const latest = data?.items.reduce<Appointment | null>(
    (a, b) => (forgotten.includes(b.id) || (a !== null && a.created_at >= b.created_at) ? a : b),
    null,
  );
  const forget = (id: string) => {
    setForgotten([...forgotten, id]);
    setTaken(null);
  };
  if (asked && taken === null && latest) setTaken(latest.id);
  return [asked ? taken : null, forget];
}
