import { type ClientOptions, createClient } from "../../src/index.js";

/** The pytest process that runs the stack (tests/clients/test_typescript.py). */
export const api = process.env.CHAIRTIME_API ?? "";
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

/** Kills the API with all its connections. */
export const kill = () => ask("kill");

/** Starts it again; resolves when it serves. */
export const start = () => ask("start");

/** A slot that nobody has had yet. */
export async function slot(): Promise<{
  dentistId: string;
  startsAt: string;
  appointmentType: string;
}> {
  return (await ask("slot")) as { dentistId: string; startsAt: string; appointmentType: string };
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
