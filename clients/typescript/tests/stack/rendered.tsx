import type { QueryClient } from "@tanstack/react-query";
import { Window } from "happy-dom";
import type { ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import type { Client } from "../../src/index.js";
import { ChairtimeProvider } from "../../src/react/index.js";

// The document alone: requests are Node's own, which know no cross-origin rules.
const window = new Window();
Object.assign(globalThis, { window, document: window.document });

/** A page with one hook in it, whose latest result is `current`. */
export class Page<Result> {
  /** All results in the order in which they were rendered. */
  readonly results: Result[] = [];
  private readonly root: Root;
  /** Renders the page for another client, as after sign-in. */
  readonly showTo: (client: Client) => void;

  constructor(client: Client, use: () => Result, queryClient?: QueryClient) {
    const Probe = (): ReactNode => {
      this.results.push(use());
      return null;
    };
    this.root = createRoot(document.createElement("div"));
    this.showTo = (reader) =>
      this.root.render(
        <ChairtimeProvider client={reader} {...(queryClient ? { queryClient } : {})}>
          <Probe />
        </ChairtimeProvider>,
      );
    this.showTo(client);
  }

  get current(): Result | undefined {
    return this.results.at(-1);
  }

  close(): void {
    this.root.unmount();
  }
}
