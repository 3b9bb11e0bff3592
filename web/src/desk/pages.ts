/** The desk's pages; the label of each is `pages.<name>`. */
export const PAGES = [
  { to: "/desk", name: "day" },
  { to: "/desk/schedules", name: "schedules" },
  { to: "/desk/people", name: "people" },
  { to: "/desk/clinics", name: "clinics" },
  { to: "/desk/types", name: "types" },
  { to: "/desk/chairs", name: "chairs" },
  { to: "/desk/health", name: "health" },
] as const;
