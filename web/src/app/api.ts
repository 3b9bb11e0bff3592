import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useSession } from "./session/SessionProvider";

interface Options {
  /** Reads again after so many milliseconds. */
  every?: number;
  enabled?: boolean;
}

/** Reads a path of the API as the signed-in person. A refusal is thrown as its problem. */
export function useRead<T>(path: string, options: Options = {}): UseQueryResult<T> {
  const session = useSession();
  return useQuery<T>({
    queryKey: ["read", path],
    queryFn: async ({ signal }) => read<T>(path, await session.token(), signal),
    enabled: options.enabled ?? true,
    ...(options.every === undefined ? {} : { refetchInterval: options.every }),
  });
}

async function read<T>(path: string, token: string | null, signal: AbortSignal): Promise<T> {
  const headers: HeadersInit = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(path, { headers, signal });
  const body: unknown = await answer.json();
  if (!answer.ok) throw body;
  return body as T;
}
