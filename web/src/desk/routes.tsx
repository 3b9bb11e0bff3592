import type { RouteObject } from "react-router";
import { page } from "../app/page";

/** The front desk's pages, for the roles desk and admin. */
export const deskRoutes: RouteObject[] = [
  {
    path: "/desk",
    ...page(() => import("./DeskApp")),
    children: [
      { index: true, ...page(() => import("./DayPage")) },
      { path: "health", ...page(() => import("./health/HealthPage")) },
    ],
  },
];
