import type { Role } from "../app/session/user";

/** All pages of the desk; the label of each is `pages.<name>`. */
const PAGES = [
  { to: "/desk", name: "day" },
  { to: "/desk/schedules", name: "schedules" },
  { to: "/desk/people", name: "people" },
  { to: "/desk/clinics", name: "clinics" },
  { to: "/desk/types", name: "types" },
  { to: "/desk/chairs", name: "chairs" },
  { to: "/desk/figures", name: "figures" },
  { to: "/desk/health", name: "health" },
] as const;

/** A receptionist has no use for these: only admins set up clinics, and only they see the figures. */
const OF_ADMINS: readonly string[] = ["/desk/clinics", "/desk/figures", "/desk/health"];

/** The pages that are offered to somebody of this role. */
export function pagesOf(role: Role | undefined) {
  return PAGES.filter(({ to }) => role === "admin" || !OF_ADMINS.includes(to));
}
