import { expect, test } from "vitest";
import sentences from "../../embedded/chat/sentences.json";
import table from "../../tests/embedded/chat.json";
import { Dialogue, type Doors } from "../src/patient/chat/dialogue";
import { type Sentences, understood } from "../src/patient/chat/understanding";

// The table is read by the tests of `chairtime chat` too (tests/embedded/test_chat.py).
type Language = keyof typeof sentences;
type Call = [verb: string, args: Record<string, unknown>, answer: keyof typeof table.answers];
interface Turn {
  hears?: string;
  expires?: boolean;
  calls: Call[];
  says: string[];
}

const TODAY = table.today;
const words: Record<Language, Sentences> = sentences;
const meanings = Object.entries(table.understood).flatMap(([language, texts]) =>
  Object.entries(texts).map(([text, meant]) => [language as Language, text, meant] as const),
);

test.each(meanings)("in %s “%s” is understood", (language, text, meant) => {
  const nothing = { intent: null, choice: null, wishes: {} };
  expect(understood(text, words[language], TODAY)).toEqual({ ...nothing, ...meant });
});

/** Answers the calls that a turn expects, and no others. */
function scripted(bookings: readonly string[], isSignedIn = true) {
  const expected: Call[] = [];
  const tool = async (verb: string, args: Record<string, unknown>) => {
    const [called, asked, answer] = expected.shift() ?? ["none", {}, "gone"];
    const given = Object.entries(args).filter(([, value]) => value !== null);
    expect([verb, Object.fromEntries(given)]).toEqual([called, asked]);
    return table.answers[answer];
  };
  const doors = { tool, bookings: async () => bookings, isSignedIn } as unknown as Doors;
  return { doors, expected };
}

async function play(dialogue: Dialogue, expected: Call[], turn: Turn): Promise<void> {
  expected.push(...turn.calls);
  const heard = turn.expires
    ? await dialogue.expired()
    : await dialogue.hear(turn.hears ?? "", TODAY);
  const says = (line: string) => (line.startsWith("@") ? dialogue.says(line.slice(1)) : line);
  expect(heard).toEqual(turn.says.map(says));
  expect(expected).toEqual([]);
}

test.each(table.conversations)("it $name", async (script) => {
  const { doors, expected } = scripted(script.bookings);
  const dialogue = new Dialogue(doors, words[script.language as Language]);
  for (const turn of script.turns as Turn[]) await play(dialogue, expected, turn);
});

test("a visitor chooses first, signs in, and goes on with that time", async () => {
  const visitor = scripted([], false);
  const before = new Dialogue(visitor.doors, words.en);
  const found: Call = ["find_slots", { appointment_type: "checkup" }, "found"];
  visitor.expected.push(found);
  await before.hear("a checkup", TODAY);
  expect(before.pending).toBeNull();
  expect(await before.hear("the second", TODAY)).toEqual(["time 2", before.says("sign_in")]);

  const patient = scripted([]);
  const after = new Dialogue(patient.doors, words.en);
  const [, two] = table.answers.found.slots;
  const { dentist_id, starts_at, appointment_type } = two as (typeof table.answers.found.slots)[0];
  patient.expected.push(["hold_slot", { dentist_id, starts_at, appointment_type }, "held 2"]);
  const pending = before.pending;
  if (!pending) throw new Error("nothing is pending");
  expect(await after.resume(pending, TODAY)).toContain("read 2");
});

test.each(["cancel my appointment", "what did I book"])(
  "a visitor who says “%s” signs in first",
  async (text) => {
    const dialogue = new Dialogue(scripted([], false).doors, words.en);
    expect(await dialogue.hear(text, TODAY)).toEqual([dialogue.says("sign_in")]);
    expect(dialogue.pending).toEqual({ text });
  },
);
