import { type RouteObject, useRoutes } from "react-router";
import { dentistRoutes } from "../dentist/routes";
import { deskRoutes } from "../desk/routes";
import { patientRoutes } from "../patient/routes";
import { page, preload } from "./page";

const routes: RouteObject[] = [
  ...deskRoutes,
  ...dentistRoutes,
  ...patientRoutes,
  {
    ...page(() => import("./BareApp")),
    children: [
      { path: "/sign-in", ...page(() => import("./session/SignIn")) },
      { path: "*", ...page(() => import("./PageMissing")) },
    ],
  },
];

/** The namespaces of the texts on the first page. */
export const firstTexts = preload(routes, window.location.pathname);

/** The three apps and sign-in. */
export function Routes() {
  return useRoutes(routes);
}
