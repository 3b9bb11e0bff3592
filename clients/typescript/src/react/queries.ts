import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { FetchOptions, FetchResponse } from "openapi-fetch";
import type { PathsWithMethod } from "openapi-typescript-helpers";
import type { Availability, AvailabilityQuery } from "../cache/board.js";
import type { AppointmentFilter, AppointmentList } from "../cache/filter.js";
import type { LiveCache } from "../cache/live-cache.js";
import type { paths } from "../generated/schema.js";
import { type ClientError, isTransient, Unreachable } from "../refusal.js";
import type { Appointment, Dentist } from "../types.js";
import { useLiveCache } from "./provider.js";

/** The most bookings that a list has unless told otherwise. */
const MAX = 500;

/** Milliseconds for which data counts as fresh while no stream keeps it so. */
const UNTOLD = 10_000;

/** How often a read is repeated that failed. */
const RETRIES = 3;

export interface ReadOptions {
  /** False: does not load yet. */
  enabled?: boolean;
}

/** Bookings by start, kept up to date. */
export function useAppointments(
  filter: AppointmentFilter = {},
  options: ReadOptions & { max?: number; keepPrevious?: boolean } = {},
): UseQueryResult<AppointmentList, ClientError> {
  const cache = useLiveCache();
  const max = options.max ?? MAX;
  return useQuery<AppointmentList, ClientError>({
    queryKey: cache.keys.appointments(filter, max),
    queryFn: ({ signal }) => cache.loader.appointments(filter, max, signal),
    ...common(cache, options),
    ...(options.keepPrevious ? { placeholderData: keepPreviousData } : {}),
  });
}

/** One booking, kept up to date; does not load without an id. */
export function useAppointment(
  id: string | null | undefined,
  options: ReadOptions = {},
): UseQueryResult<Appointment, ClientError> {
  const cache = useLiveCache();
  return useQuery<Appointment, ClientError>({
    queryKey: cache.keys.appointment(id ?? ""),
    queryFn: ({ signal }) => cache.loader.appointment(id ?? "", signal),
    placeholderData: () => (id ? cache.ledger.get(id) : undefined),
    ...common(cache, { enabled: Boolean(id) && options.enabled !== false }),
  });
}

/** The slots of one dentist or of all, kept up to date; does not load without a query. */
export function useAvailability(
  query: AvailabilityQuery | null,
  options: ReadOptions & { keepPrevious?: boolean } = {},
): UseQueryResult<Availability, ClientError> {
  const cache = useLiveCache();
  const asked = query ?? { appointmentType: "" };
  return useQuery<Availability, ClientError>({
    queryKey: cache.keys.availability(asked),
    queryFn: ({ signal }) => cache.loader.availability(asked, signal),
    ...common(cache, { enabled: query !== null && options.enabled !== false }),
    ...(options.keepPrevious ? { placeholderData: keepPreviousData } : {}),
  });
}

/** The dentists whom one can book, and when each is next free. */
export function useDentists(options: ReadOptions = {}): UseQueryResult<Dentist[], ClientError> {
  return useGet("/api/profiles/dentists", {}, options);
}

/**
 * Any other GET of the API by its path, typed. What events name is loaded again: profiles,
 * schedules, clinics, types, resources, webhooks and histories.
 */
export function useGet<Path extends PathsWithMethod<paths, "get">>(
  path: Path,
  parameters: Omit<FetchOptions<paths[Path]["get"]>, "signal">,
  options: ReadOptions = {},
): UseQueryResult<GetData<Path>, ClientError> {
  const cache = useLiveCache();
  return useQuery<GetData<Path>, ClientError>({
    queryKey: cache.keys.get(path, parameters),
    queryFn: async ({ signal }) => {
      const get = cache.client.api.GET as unknown as AnyGet<GetData<Path>>;
      const { data, response } = await get(path, { ...parameters, signal });
      if (data === undefined) throw new Unreachable(response.status);
      return data;
    },
    ...common(cache, options),
  });
}

export type GetData<Path extends PathsWithMethod<paths, "get">> = NonNullable<
  FetchResponse<paths[Path]["get"], object, "application/json">["data"]
>;

type AnyGet<Data> = (
  path: string,
  init: { signal: AbortSignal },
) => Promise<{ data?: Data; response: Response }>;

/**
 * While events come, what is loaded stays fresh; without them it is loaded again when shown. Who
 * signed out reads nothing more.
 */
function common(cache: LiveCache, options: ReadOptions) {
  return {
    enabled: options.enabled !== false && cache.client.live.status.state !== "signed_out",
    networkMode: "always" as const,
    retry: (failures: number, error: ClientError) => failures < RETRIES && isTransient(error),
    retryDelay: (failures: number, error: ClientError) =>
      Math.max((error.retryAfter ?? 0) * 1000, Math.min(1000 * 2 ** failures, 8000)),
    staleTime: () => (cache.isLive ? Number.POSITIVE_INFINITY : UNTOLD),
    refetchOnWindowFocus: () => !cache.isLive,
    refetchOnReconnect: false as const,
  };
}
