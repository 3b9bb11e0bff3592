import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { ROOT } from "../cache/keys.js";
import { LiveCache } from "../cache/live-cache.js";
import type { Client } from "../client.js";

const Context = createContext<LiveCache | null>(null);

export interface ChairtimeProviderProps {
  client: Client;
  /** The cache of all queries; one of its own by default. */
  queryClient?: QueryClient;
  children?: ReactNode;
}

/** A cache whose reads and commands are tried, and fail, rather than wait where the page is offline. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { networkMode: "always" },
      mutations: { networkMode: "always", retry: false },
    },
  });
}

/** Gives the hooks below it one client, one cache and one stream. */
export function ChairtimeProvider({ client, queryClient, children }: ChairtimeProviderProps) {
  const queries = useMemo(() => queryClient ?? createQueryClient(), [queryClient]);
  const cache = useMemo(() => new LiveCache(client, queries), [client, queries]);
  useEffect(() => {
    forgetOthers(queries, cache);
    cache.open();
    const end = client.live.observe(() => {
      if (client.live.status.state === "signed_out") {
        queries.removeQueries({ queryKey: cache.keys.all });
      }
    });
    return () => {
      end();
      cache.close();
    };
  }, [client, queries, cache]);
  return (
    <QueryClientProvider client={queries}>
      <Context.Provider value={cache}>{children}</Context.Provider>
    </QueryClientProvider>
  );
}

export function useLiveCache(): LiveCache {
  const cache = useContext(Context);
  if (cache === null) throw new Error("Put <ChairtimeProvider client={…}> around this component.");
  return cache;
}

export function useClient(): Client {
  return useLiveCache().client;
}

/** What another user of this browser has seen is not kept. */
function forgetOthers(queries: QueryClient, cache: LiveCache): void {
  const user = cache.keys.all[1];
  queries.removeQueries({ predicate: ({ queryKey: key }) => key[0] === ROOT && key[1] !== user });
}
