import type { RouteObject } from "react-router";
import { page } from "../app/page";

/** The patient's pages; booking is open to visitors. */
export const patientRoutes: RouteObject[] = [
  {
    path: "/",
    ...page(() => import("./PatientApp"), "patient"),
    children: [
      { index: true, ...page(() => import("./BookPage")) },
      { path: "chat", ...page(() => import("./chat/ChatPage")) },
      { path: "visits", ...page(() => import("./visits/VisitsPage")) },
      { path: "visits/:id/move", ...page(() => import("./visits/MovePage")) },
      { path: "family", ...page(() => import("./family/FamilyPage")) },
      { path: "assistants", ...page(() => import("./AgentsPage")) },
    ],
  },
];
