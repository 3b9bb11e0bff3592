export type Role = "admin" | "desk" | "dentist" | "patient" | "agent";

interface Profile {
  id: string;
  role: Role;
  full_name: string;
  clinic_ids?: string[];
}

export interface User {
  id: string;
  role: Role;
  fullName: string;
  /** Where a receptionist works; null for everybody else. */
  clinicIds: readonly string[] | null;
}

/** The app that opens after sign-in. */
export function home(role: Role): string {
  switch (role) {
    case "admin":
    case "desk":
      return "/desk";
    case "dentist":
      return "/day";
    case "patient":
    case "agent":
      return "/";
  }
}

/** The signed-in person, from the API: the profile decides the role, not the token. */
export async function loadUser(token: string): Promise<User | null> {
  const answer = await fetch("/api/profiles/me", { headers: { Authorization: `Bearer ${token}` } });
  if (answer.status === 401 || answer.status === 403) return null;
  if (!answer.ok) throw new Error(`GET /api/profiles/me: ${answer.status}`);
  const profile = (await answer.json()) as Profile;
  return {
    id: profile.id,
    role: profile.role,
    fullName: profile.full_name,
    clinicIds: profile.role === "desk" ? (profile.clinic_ids ?? []) : null,
  };
}
