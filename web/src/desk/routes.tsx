import type { RouteObject } from "react-router";
import { page } from "../app/page";

/** The front desk's pages, for the roles desk and admin. */
export const deskRoutes: RouteObject[] = [
  {
    path: "/desk",
    ...page(() => import("./DeskApp"), "desk"),
    children: [
      {
        ...page(() => import("./ClinicNeeded")),
        children: [
          { index: true, ...page(() => import("./DayPage")) },
          { path: "schedules", ...page(() => import("./schedules/SchedulesPage")) },
          { path: "people", ...page(() => import("./tables/PeoplePage")) },
          { path: "types", ...page(() => import("./tables/TypesPage")) },
          { path: "chairs", ...page(() => import("./tables/ChairsPage")) },
          { path: "figures", ...page(() => import("./figures/FiguresPage")) },
        ],
      },
      { path: "clinics", ...page(() => import("./tables/ClinicsPage")) },
      { path: "health", ...page(() => import("./health/HealthPage")) },
    ],
  },
];
