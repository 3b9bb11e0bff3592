import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from "@mantine/core";

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

/** The neutral surfaces of the dark theme, from text to page. */
const dark: MantineColorsTuple = [
  "#e8edf0",
  "#c9d2d8",
  "#a6b3bc",
  "#84929c",
  "#353f47",
  "#2d363d",
  "#252d33",
  "#1b2227",
  "#14191d",
  "#0f1316",
];

/** Filled in the accent or red, text has a contrast of 4.5:1 in both themes; Mantine's is white. */
const colors: VariantColorsResolver = (input) => {
  const found = defaultVariantColorsResolver(input);
  if (input.variant !== "filled") return found;
  const isAccent = !input.color || input.color === input.theme.primaryColor;
  if (!isAccent && input.color !== "red") return found;
  const [background, color] = isAccent
    ? ["var(--accent)", "var(--accent-text)"]
    : ["var(--bad-text)", "var(--surface)"];
  const hover = `color-mix(in srgb, ${background} 88%, var(--text))`;
  return { ...found, background, hover, color };
};

/** Mantine with the colours, spaces and sizes of tokens.css. */
export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  colors: { accent, dark },
  variantColorResolver: colors,
  defaultRadius: "md",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    // The placeholder is an element that a menu may not have (axe: aria-required-children).
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
  },
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
