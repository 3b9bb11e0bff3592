import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const accent: MantineColorsTuple = [
  "#e6f6f9",
  "#d0ebf0",
  "#a2d6e1",
  "#72c0d1",
  "#4bafc4",
  "#2da1b9",
  "#15879d",
  "#0b6678",
  "#095564",
  "#05424f",
];

/** Mantine with the colours, spaces and sizes of tokens.css. */
export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  colors: { accent },
  defaultRadius: "md",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  cursorType: "pointer",
  respectReducedMotion: true,
});

/** Points Mantine's own variables at our tokens, so that both have one source. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: shared,
  dark: shared,
});

const shared = {
  "--mantine-color-body": "var(--surface)",
  "--mantine-color-text": "var(--text)",
  "--mantine-color-dimmed": "var(--text-muted)",
  "--mantine-color-default-border": "var(--line)",
  "--mantine-color-placeholder": "var(--text-muted)",
  "--mantine-color-error": "var(--bad-text)",
  "--mantine-color-anchor": "var(--accent)",
};
