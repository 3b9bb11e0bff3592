import { type ComponentType, lazy, type ReactNode, Suspense } from "react";
import { matchRoutes, type RouteObject } from "react-router";
import { Skeletons } from "../shared/Skeletons";
import { ErrorBoundary } from "./ErrorBoundary";

type Load = () => Promise<{ default: ComponentType }>;

interface PageRoute {
  element: ReactNode;
  handle: { load: Load; texts: string | undefined };
}

/**
 * A route's page, loaded when it is opened; skeletons stand in its place until then. `texts` is the
 * namespace of the texts that it and the pages within it show.
 */
export function page(load: Load, texts?: string): PageRoute {
  const Page = lazy(load);
  return {
    element: (
      <ErrorBoundary>
        <Suspense fallback={<Skeletons rows={8} />}>
          <Page />
        </Suspense>
      </ErrorBoundary>
    ),
    handle: { load, texts },
  };
}

/**
 * Loads the pages of this path side by side, before the first of them is shown. Returns the
 * namespaces of their texts.
 */
export function preload(routes: RouteObject[], path: string): string[] {
  const texts: string[] = [];
  for (const { route } of matchRoutes(routes, path) ?? []) {
    const handle = route.handle as PageRoute["handle"] | undefined;
    handle?.load().catch(() => undefined); // shown by the page, which loads it again
    if (handle?.texts) texts.push(handle.texts);
  }
  return texts;
}
