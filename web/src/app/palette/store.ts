import { createSpotlight } from "@mantine/spotlight";

const [store, actions] = createSpotlight();

/** Whether the palette is open, and the ways to open and close it. */
export const palette = { store, ...actions };
