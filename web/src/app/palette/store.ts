import { createSpotlight } from "@mantine/spotlight";

const [store, actions] = createSpotlight();

/** Whether the palette is open, and the ways to open and close it. */
export const palette = { store, ...actions };

/**
 * Selects the first item for what was typed, once it is shown. Spotlight itself does so as
 * something is typed, which is before the items are found.
 */
export function selectFirst(): void {
  const { listId, query } = store.getState();
  const list = document.getElementById(listId);
  if (!list || !query) return;
  for (const [at, item] of list.querySelectorAll("[data-action]").entries())
    item.toggleAttribute("data-selected", at === 0);
  store.updateState((state) => ({ ...state, selected: 0 }));
}
