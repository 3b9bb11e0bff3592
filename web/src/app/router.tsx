import { createBrowserRouter } from "react-router";
import { dentistRoutes } from "../dentist/routes";
import { deskRoutes } from "../desk/routes";
import { patientRoutes } from "../patient/routes";
import { ErrorBoundary } from "./ErrorBoundary";

/** The three apps and sign-in. Each page is loaded when it is opened. */
export const router = createBrowserRouter([
  {
    ErrorBoundary,
    HydrateFallback: () => null,
    children: [
      {
        path: "/sign-in",
        lazy: async () => ({ Component: (await import("./session/SignIn")).default }),
      },
      ...deskRoutes,
      ...dentistRoutes,
      ...patientRoutes,
    ],
  },
]);
