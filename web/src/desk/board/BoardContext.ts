import type { Appointment } from "@chairtime/client";
import { createContext, useContext } from "react";

/** A free time that was chosen. */
export interface Picked {
  date: string;
  column: string;
  /** Null where columns are chairs. */
  dentistId: string | null;
  minute: number;
  /** Whether it was chosen as what is free next. */
  freeNext?: boolean;
}

/** What all cards and columns of a board share. It stays the same while bookings change. */
export interface BoardShared {
  date: string;
  zone: string;
  /** The first and last minute that are shown. */
  from: number;
  to: number;
  /** The clinic's grid, in minutes. */
  grid: number;
  /** The name and colour-free label of each type, by slug. */
  types: ReadonlyMap<string, string>;
  buffers: ReadonlyMap<string, { before: number; after: number }>;
  /** The names of dentists by id, which cards show where columns are chairs; else null. */
  dentists: ReadonlyMap<string, string> | null;
  open(id: string): void;
  pick(picked: Picked): void;
  drag: DragStart;
}

export type DragStart = (appointment: Appointment, event: React.PointerEvent<HTMLElement>) => void;

/** Pixels for one minute. */
export const SCALE = 2;

const Context = createContext<BoardShared | null>(null);

export const BoardProvider = Context.Provider;

export function useBoard(): BoardShared {
  const board = useContext(Context);
  if (!board) throw new Error("useBoard outside a board");
  return board;
}
