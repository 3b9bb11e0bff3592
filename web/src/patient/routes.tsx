import type { RouteObject } from "react-router";
import { page } from "../app/page";

/** The patient's pages, open to visitors. */
export const patientRoutes: RouteObject[] = [
  {
    path: "/",
    ...page(() => import("./PatientApp")),
    children: [{ index: true, ...page(() => import("./BookPage")) }],
  },
];
