import { type ClientOptions, createClient, type Place } from "../../src/index.js";

/** The pytest process that runs the stack (tests/clients/test_typescript.py). */
export const api = process.env.CHAIRTIME_API ?? "";

/** Another API of the same system, which is never killed. */
export const elsewhere = process.env.CHAIRTIME_OTHER ?? "";
const control = process.env.CHAIRTIME_CONTROL ?? "";

async function ask(command: string, parameters: Record<string, string> = {}): Promise<unknown> {
  const query = new URLSearchParams(parameters);
  const response = await fetch(`${control}/${command}?${query}`, { method: "POST" });
  if (!response.ok) throw new Error(`${command}: ${await response.text()}`);
  return response.json();
}

export interface Person {
  id: string;
  role: string;
  name: string;
  token: string;
}

/** Somebody who is known to the API; a patient who was never here without a name. */
export async function person(role = "patient", name = ""): Promise<Person> {
  return (await ask("person", { role, name })) as Person;
}

/** A patient's token that is good for so many seconds. */
export async function shortToken(who: Person, seconds: number): Promise<string> {
  return (await ask("short_token", { name: who.name, seconds: String(seconds) })) as string;
}

/** The log of events begins another life, as after the database was restored. */
export const restore = () => ask("restore");

/** Kills the API with all its connections. */
export const kill = () => ask("kill");

/** Starts it again; resolves when it serves. */
export const start = () => ask("start");

/** A slot that nobody has had yet. */
export async function slot(): Promise<Place> {
  return (await ask("slot")) as Place;
}

/** So many of them, four at most, at different times: one patient can have them all. */
export async function slots(count: number): Promise<[Place, Place, Place, Place]> {
  const found = new Map<string, Place>();
  while (found.size < count) {
    const place = await slot();
    found.set(place.startsAt, place);
  }
  return [...found.values()] as [Place, Place, Place, Place];
}

/** A type of visit that is held for so many seconds. */
export async function visit(seconds: number): Promise<string> {
  return (await ask("visit", { seconds: String(seconds) })) as string;
}

export function clientOf(who: Person, options: ClientOptions = {}) {
  return createClient({ baseUrl: api, getToken: () => who.token, userId: who.id, ...options });
}

/** Waits for a condition, for longer than it can take. */
export async function until<T>(condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = Date.now() + 40_000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
