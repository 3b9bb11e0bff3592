import type { ToolArguments } from "@chairtime/client";

export type Meanings = Readonly<Record<string, readonly string[]>>;

/** The table of sentences of one language, which `chairtime chat` reads too. */
export interface Sentences {
  intents: Meanings;
  treatments: Meanings;
  weekdays: Meanings;
  days: Meanings;
  parts: Meanings;
  choices: Meanings;
  flags: Meanings;
  /** Words after which a dentist's name follows. */
  with: readonly string[];
  /** Words that are no names. */
  little: readonly string[];
  says: Readonly<Record<string, string>>;
}

/** Arguments of find_slots; null for those that no longer count. */
export type Wishes = {
  [Name in keyof ToolArguments<"find_slots">]?: ToolArguments<"find_slots">[Name] | null;
};

export interface Understood {
  intent: string | null;
  choice: number | null;
  wishes: Wishes;
}

/** Words of a dentist's name. */
const LONGEST_NAME = 4;

/** What a plain sentence means. `today`: as 2027-03-08. */
export function understood(text: string, table: Sentences, today: string): Understood {
  const said = normal(text);
  const choice = named(table.choices, said);
  return {
    intent: named(table.intents, said),
    choice: choice === null ? null : Number(choice),
    wishes: wishesOf(table, said, today),
  };
}

function wishesOf(table: Sentences, said: string, today: string): Wishes {
  const wishes: Record<string, unknown> = {};
  const treatment = named(table.treatments, said);
  if (treatment) wishes.appointment_type = treatment;
  const day = named(table.days, said);
  if (day) Object.assign(wishes, { date: later(today, Number(day)), weekdays: null });
  const weekday = named(table.weekdays, said);
  if (weekday) Object.assign(wishes, { weekdays: [weekday], date: null });
  const part = named(table.parts, said);
  if (part) wishes.part_of_day = part;
  const dentist = dentistOf(table, said);
  if (dentist) wishes.dentist = dentist;
  const flag = named(table.flags, said);
  if (flag === "anyone") wishes.dentist = null;
  if (flag === "earliest") wishes.earliest = true;
  return wishes as Wishes;
}

/** The words after “with”, up to one that means something else. */
function dentistOf(table: Sentences, said: string): string | null {
  const words = said.split(" ");
  const mark = words.findIndex((word) => table.with.includes(word));
  if (mark < 0) return null;
  const tables = [table.treatments, table.weekdays, table.days, table.parts];
  const other = new Set([...table.little, ...tables.flatMap((each) => Object.values(each).flat())]);
  const rest = words.slice(mark + 1, mark + 1 + LONGEST_NAME);
  const end = rest.findIndex((word) => other.has(word));
  return rest.slice(0, end < 0 ? rest.length : end).join(" ") || null;
}

/** The meaning of which a phrase was said; the first in the table if there are several. */
function named(meanings: Meanings, said: string): string | null {
  const padded = ` ${said} `;
  for (const [meaning, phrases] of Object.entries(meanings)) {
    if (phrases.some((phrase) => padded.includes(` ${phrase} `))) return meaning;
  }
  return null;
}

function normal(text: string): string {
  const words = text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}_]/gu, " ");
  return words.trim().split(/\s+/).join(" ");
}

function later(today: string, days: number): string {
  const date = new Date(`${today}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}
