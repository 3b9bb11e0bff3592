import type { RouteObject } from "react-router";

/** The patient's pages, open to visitors. */
export const patientRoutes: RouteObject[] = [
  {
    path: "/",
    lazy: async () => ({ Component: (await import("./PatientApp")).default }),
    children: [
      { index: true, lazy: async () => ({ Component: (await import("./BookPage")).default }) },
    ],
  },
];
