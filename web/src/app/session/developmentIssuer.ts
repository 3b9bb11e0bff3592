import type { Issuer } from "./issuer";
import * as tabStorage from "./tabStorage";

export type DevelopmentRole = "admin" | "desk" | "dentist" | "patient";

export interface Person {
  id: string;
  role: DevelopmentRole;
  full_name: string;
}

const KEY = "development";

/** Tokens of the local issuer; the API has these routes in development only. */
export const developmentIssuer: Issuer = {
  async token() {
    return tabStorage.tabStorage.getItem(KEY);
  },
  async signOut() {
    tabStorage.clear();
  },
};

/** The people of the demo data, by role. */
export async function listPeople(): Promise<Person[]> {
  const answer = await fetch("/api/development/people");
  if (!answer.ok) throw new Error(`GET /api/development/people: ${answer.status}`);
  return (await answer.json()) as Person[];
}

/** Signs in as one of them. */
export async function signInAs(person: Person): Promise<void> {
  const answer = await fetch("/api/development/tokens", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ profile_id: person.id }),
  });
  if (!answer.ok) throw new Error(`POST /api/development/tokens: ${answer.status}`);
  const { access_token } = (await answer.json()) as { access_token: string };
  tabStorage.own(undefined);
  tabStorage.tabStorage.setItem(KEY, access_token);
}
