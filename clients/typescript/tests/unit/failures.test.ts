import { notifyManager, QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import { LiveCache } from "../../src/cache/live-cache.js";
import { createClient } from "../../src/client.js";

/** A query of the cache that is shown, and what its next load answers. */
function shown(answers: (() => Promise<string>)[]) {
  const queries = new QueryClient();
  const client = createClient({ baseUrl: "http://127.0.0.1" });
  const cache = new LiveCache(client, queries);
  cache.open();
  const observer = new QueryObserver(queries, {
    queryKey: cache.keys.get("/api/clinics", {}),
    queryFn: () => answers.shift()?.(),
    retry: false,
  });
  const states: string[] = [];
  // As React reads it.
  const read = () => states.push(observer.getCurrentResult().status);
  const end = observer.subscribe(notifyManager.batchCalls(read));
  const close = () => {
    end();
    cache.close();
  };
  return { queries, observer, states, close };
}

const fails = () => Promise.reject(new Error("no answer"));
const never = () => new Promise<string>(() => undefined);

test("a first load that failed stays an error while it is repeated", async () => {
  const { queries, observer, states, close } = shown([fails, never]);
  await observer.refetch();
  expect(observer.getCurrentResult()).toMatchObject({ status: "error", isPending: false });
  await vi.waitFor(() => expect(states.at(-1)).toBe("error"));
  void queries.invalidateQueries();
  const again = observer.getCurrentResult();
  expect(again).toMatchObject({ status: "error", fetchStatus: "fetching", isPending: false });
  expect(again.error?.message).toBe("no answer");
  states.length = 0;
  observer.updateResult();
  await new Promise((resolve) => notifyManager.schedule(() => resolve(undefined)));
  expect(states).not.toContain("pending");
  close();
});

test("a load that succeeds at last shows its data, and a failure after it keeps them", async () => {
  const { observer, close } = shown([fails, async () => "loaded", fails]);
  await observer.refetch();
  await observer.refetch();
  expect(observer.getCurrentResult()).toMatchObject({
    status: "success",
    data: "loaded",
    error: null,
  });
  await observer.refetch();
  expect(observer.getCurrentResult()).toMatchObject({ data: "loaded", isLoadingError: false });
  close();
});
