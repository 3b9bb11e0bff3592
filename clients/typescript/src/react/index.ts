export type { Availability, AvailabilityQuery } from "../cache/board.js";
export type { AppointmentFilter, AppointmentList } from "../cache/filter.js";
export * from "./commands.js";
export { type Hold, type HoldOptions, useHold } from "./hold.js";
export { useLive, useRemaining, useServerNow } from "./live.js";
export {
  ChairtimeProvider,
  type ChairtimeProviderProps,
  createQueryClient,
  useClient,
} from "./provider.js";
export {
  type GetData,
  type ReadOptions,
  useAppointment,
  useAppointments,
  useAvailability,
  useDentists,
  useGet,
} from "./queries.js";
