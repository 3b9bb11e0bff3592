import type { RouteObject } from "react-router";

/** The front desk's pages, for the roles desk and admin. */
export const deskRoutes: RouteObject[] = [
  {
    path: "/desk",
    lazy: async () => ({ Component: (await import("./DeskApp")).default }),
    children: [
      { index: true, lazy: async () => ({ Component: (await import("./DayPage")).default }) },
      {
        path: "health",
        lazy: async () => ({ Component: (await import("./health/HealthPage")).default }),
      },
    ],
  },
];
