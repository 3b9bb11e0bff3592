import type { RouteObject } from "react-router";
import { page } from "../app/page";

/** The dentist's pages. */
export const dentistRoutes: RouteObject[] = [
  {
    path: "/day",
    ...page(() => import("./DentistApp"), "dentist"),
    children: [
      { index: true, ...page(() => import("./DayPage")) },
      { path: "week", ...page(() => import("./WeekPage")) },
      { path: "hours", ...page(() => import("./hours/HoursPage")) },
    ],
  },
];
