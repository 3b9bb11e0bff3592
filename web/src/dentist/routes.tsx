import type { RouteObject } from "react-router";

/** The dentist's pages. */
export const dentistRoutes: RouteObject[] = [
  {
    path: "/day",
    lazy: async () => ({ Component: (await import("./DentistApp")).default }),
    children: [
      { index: true, lazy: async () => ({ Component: (await import("./DayPage")).default }) },
    ],
  },
];
